"""First tables: training jobs, logs, metrics, tags, roles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_training_jobs()
    _make_logs()
    op.create_table(
        "metrics",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("namespace", sa.String(255), nullable=False),
        sa.Column("dimensions", sa.String(1024), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("timestamp", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metrics"),
    )
    op.create_index(
        "ix_metrics_series", "metrics", ["namespace", "dimensions", "name", "timestamp"]
    )
    op.create_table(
        "tags",
        sa.Column("arn", sa.String(256), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("value", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("arn", "key", name="pk_tags"),
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "training_job_transitions",
        "training_jobs",
        "log_events",
        "log_streams",
        "metrics",
        "tags",
        "roles",
    ):
        op.drop_table(table)


def _make_training_jobs() -> None:
    op.create_table(
        "training_jobs",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("secondary_status", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("runner_id", sa.String(255)),
        sa.Column("lease_until", sa.Double()),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_training_jobs"),
    )
    op.create_index("ix_training_jobs_created_at", "training_jobs", ["created_at"])
    op.create_index("ix_training_jobs_status", "training_jobs", ["status"])
    op.create_table(
        "training_job_transitions",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("job_name", sa.String(63), nullable=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double()),
        sa.ForeignKeyConstraint(
            ["job_name"], ["training_jobs.name"], name="fk_training_job_transitions_job_name"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_job_transitions"),
    )
    op.create_index(
        "ix_training_job_transitions_job_name", "training_job_transitions", ["job_name"]
    )


def _make_logs() -> None:
    op.create_table(
        "log_streams",
        sa.Column("group_name", sa.String(512), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("first_event_at", sa.Double()),
        sa.Column("last_event_at", sa.Double()),
        sa.Column("ingested_at", sa.Double()),
        sa.PrimaryKeyConstraint("group_name", "name", name="pk_log_streams"),
    )
    op.create_table(
        "log_events",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("group_name", sa.String(512), nullable=False),
        sa.Column("stream", sa.String(512), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.Double(), nullable=False),
        sa.Column("ingested_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_events"),
    )
    op.create_index("ix_log_events_stream", "log_events", ["group_name", "stream", "id"])
