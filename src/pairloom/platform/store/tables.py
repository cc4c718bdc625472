"""The tables, as SQLAlchemy's models; `migrations` makes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from pairloom.platform.store.characters import Characters, ManyCharacters

# SQLite numbers rows by itself only in a column of type INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {dict[str, Any]: JSON, float: Double}  # noqa: RUF012  as SQLAlchemy wants


class LeasedRow(Table):
    """What has a request, a course, and at most one runner that works on it."""

    __abstract__ = True

    name: Mapped[str] = mapped_column(Characters(63), primary_key=True)
    request: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(Characters(32), index=True)
    created_at: Mapped[float] = mapped_column(index=True)
    modified_at: Mapped[float]
    stop_requested: Mapped[bool]
    attempts: Mapped[int]
    runner_id: Mapped[str | None] = mapped_column(Characters(255))
    lease_until: Mapped[float | None]


class TrainingJobRow(LeasedRow):
    """A training job; `tuning_job` names the one that it is part of."""

    __tablename__ = "training_jobs"

    secondary_status: Mapped[str] = mapped_column(Characters(64))
    tuning_job: Mapped[str | None] = mapped_column(Characters(63), index=True)
    results: Mapped[dict[str, Any]]
    transitions: Mapped[list[TransitionRow]] = relationship(
        order_by="TransitionRow.id", cascade="all, delete-orphan", lazy="selectin"
    )


class TransitionRow(Table):
    """A step of a training job."""

    __tablename__ = "training_job_transitions"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    job_name: Mapped[str] = mapped_column(ForeignKey("training_jobs.name"), index=True)
    status: Mapped[str] = mapped_column(Characters(64))
    message: Mapped[str] = mapped_column(ManyCharacters)
    started_at: Mapped[float]
    ended_at: Mapped[float | None]


class ResourceRow(LeasedRow):
    """Anything else that the API makes and finds by name: a model, an endpoint, a tuning job."""

    __tablename__ = "resources"

    kind: Mapped[str] = mapped_column(Characters(32), primary_key=True)
    state: Mapped[dict[str, Any]]


class LogStreamRow(Table):
    """A stream of a log group."""

    __tablename__ = "log_streams"

    group_name: Mapped[str] = mapped_column(Characters(512), primary_key=True)
    name: Mapped[str] = mapped_column(Characters(512), primary_key=True)
    created_at: Mapped[float]
    first_event_at: Mapped[float | None]
    last_event_at: Mapped[float | None]
    ingested_at: Mapped[float | None]


class LogEventRow(Table):
    """A line of a stream."""

    __tablename__ = "log_events"
    __table_args__ = (Index("ix_log_events_stream", "group_name", "stream", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    group_name: Mapped[str] = mapped_column(Characters(512))
    stream: Mapped[str] = mapped_column(Characters(512))
    message: Mapped[str] = mapped_column(ManyCharacters)
    timestamp: Mapped[float]
    ingested_at: Mapped[float]


class MetricRow(Table):
    """A metric's value at a time; `dimensions` is JSON with sorted names."""

    __tablename__ = "metrics"
    __table_args__ = (Index("ix_metrics_series", "namespace", "dimensions", "name", "timestamp"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    namespace: Mapped[str] = mapped_column(Characters(255))
    dimensions: Mapped[str] = mapped_column(Characters(1024))
    name: Mapped[str] = mapped_column(Characters(255))
    value: Mapped[float]
    timestamp: Mapped[float]


class StatisticSetRow(Table):
    """What one process counted of a metric from a time on; `dimensions` as those of a metric."""

    __tablename__ = "statistic_sets"

    namespace: Mapped[str] = mapped_column(Characters(255), primary_key=True)
    dimensions: Mapped[str] = mapped_column(Characters(1024), primary_key=True)
    name: Mapped[str] = mapped_column(Characters(255), primary_key=True)
    timestamp: Mapped[float] = mapped_column(primary_key=True, index=True)
    source: Mapped[str] = mapped_column(Characters(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[float]
    minimum: Mapped[float]
    maximum: Mapped[float]


class TagRow(Table):
    """A tag of a resource."""

    __tablename__ = "tags"

    arn: Mapped[str] = mapped_column(Characters(256), primary_key=True)
    key: Mapped[str] = mapped_column(Characters(128), primary_key=True)
    value: Mapped[str] = mapped_column(Characters(256))


class RoleRow(Table):
    """A role that CreateRole made."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(Characters(64), primary_key=True)
    request: Mapped[dict[str, Any]]
    created_at: Mapped[float]
