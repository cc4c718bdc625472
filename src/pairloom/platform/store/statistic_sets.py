"""Metrics that are counted where they arise: a row for each metric, minute and process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select

from pairloom.platform.store.conditions import given
from pairloom.platform.store.database import Database
from pairloom.platform.store.metrics import dimensions_key
from pairloom.platform.store.records import StatisticSet
from pairloom.platform.store.tables import StatisticSetRow


class StatisticSets:
    """The statistic sets of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep_statistic_sets(
        self,
        sets: Iterable[tuple[Mapping[str, str], StatisticSet]],
        *,
        namespace: str,
        source: str,
    ) -> None:
        """Keep sets, each with its dimensions, in place of what the same source kept before."""
        with self._database.writing() as session:
            for dimensions, counted in sets:
                session.merge(
                    StatisticSetRow(
                        namespace=namespace,
                        dimensions=dimensions_key(dimensions),
                        name=counted.name,
                        timestamp=counted.timestamp,
                        source=source,
                        count=counted.count,
                        total=counted.total,
                        minimum=counted.minimum,
                        maximum=counted.maximum,
                    )
                )

    def statistic_sets(
        self,
        dimensions: Mapping[str, str],
        name: str,
        *,
        namespace: str,
        start: float | None = None,
        end: float | None = None,
    ) -> list[StatisticSet]:
        """Return the sets of all sources by time, from `start` on and before `end`."""
        row = StatisticSetRow
        asked = given(
            (start, lambda value: row.timestamp >= value),
            (end, lambda value: row.timestamp < value),
        )
        statement = select(row).where(
            row.namespace == namespace,
            row.dimensions == dimensions_key(dimensions),
            row.name == name,
            *asked,
        )
        with self._database.reading() as session:
            found = session.scalars(statement.order_by(row.timestamp, row.source))
            return [_set(one) for one in found]

    def forget_statistic_sets(self, before: float) -> None:
        """Remove the sets of all metrics that are older."""
        with self._database.writing() as session:
            session.execute(delete(StatisticSetRow).where(StatisticSetRow.timestamp < before))


def _set(row: StatisticSetRow) -> StatisticSet:
    return StatisticSet(
        name=row.name,
        timestamp=row.timestamp,
        count=row.count,
        total=row.total,
        minimum=row.minimum,
        maximum=row.maximum,
    )
