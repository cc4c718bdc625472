"""Metrics of jobs: series of points by namespace, dimensions and name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import insert, select

from pairloom.platform.store.conditions import given
from pairloom.platform.store.database import Database
from pairloom.platform.store.records import TRAINING_NAMESPACE, MetricPoint
from pairloom.platform.store.tables import MetricRow


class Metrics:
    """The metrics of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append_metrics(
        self,
        dimensions: Mapping[str, str],
        points: Iterable[MetricPoint],
        *,
        namespace: str = TRAINING_NAMESPACE,
    ) -> None:
        """Add points to the series of these dimensions, such as `{"TrainingJobName": name}`."""
        key = dimensions_key(dimensions)
        rows = [
            {
                "namespace": namespace,
                "dimensions": key,
                "name": point.name,
                "value": point.value,
                "timestamp": point.timestamp,
            }
            for point in points
        ]
        if rows:
            with self._database.writing() as session:
                session.execute(insert(MetricRow), rows)

    def metrics(
        self,
        dimensions: Mapping[str, str],
        name: str | None = None,
        *,
        namespace: str = TRAINING_NAMESPACE,
        start: float | None = None,
        end: float | None = None,
    ) -> list[MetricPoint]:
        """Return points by time, from `start` on and before `end`; without a name, of all."""
        row = MetricRow
        asked = given(
            (name, lambda value: row.name == value),
            (start, lambda value: row.timestamp >= value),
            (end, lambda value: row.timestamp < value),
        )
        statement = select(row.name, row.value, row.timestamp).where(
            row.namespace == namespace,
            row.dimensions == dimensions_key(dimensions),
            *asked,
        )
        with self._database.reading() as session:
            found = session.execute(statement.order_by(row.timestamp, row.id))
            return [MetricPoint(*point) for point in found]


def dimensions_key(dimensions: Mapping[str, str]) -> str:
    """Return dimensions as the tables have them."""
    return json.dumps(dict(sorted(dimensions.items())), separators=(",", ":"))
