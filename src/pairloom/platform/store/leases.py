"""Leases: a row is worked on by the one runner that took it, until that runner lets it run out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update

from pairloom.platform.store.database import Database
from pairloom.platform.store.records import LeaseLostError
from pairloom.platform.store.tables import LeasedRow

Row = TypeVar("Row", bound=LeasedRow)
Record = TypeVar("Record")


def lease_oldest(
    database: Database,
    table: type[Row],
    wanted: ColumnElement[bool],
    runner_id: str,
    seconds: float,
    record: Callable[[Row], Record],
) -> Record | None:
    """Take the oldest wanted row that nobody works on; names are unique among the wanted.

    Rows whose runner has let its lease run out are taken again, `attempts` tells.
    """
    while True:
        with database.reading() as session:
            now = database.now(session)
            expired = or_(table.lease_until.is_(None), table.lease_until < now)
            free = and_(wanted, expired)
            oldest = select(table.name).where(free).order_by(table.created_at)
            name = session.scalar(oldest.limit(1))
        if name is None:
            return None
        taking = (
            update(table)
            .where(table.name == name, free)
            .values(runner_id=runner_id, lease_until=now + seconds, attempts=table.attempts + 1)
            .returning(table)
        )
        with database.writing() as session:
            taken = session.scalar(taking)
            if taken is not None:
                return record(taken)


def refuse_other(row: LeasedRow, runner_id: str) -> None:
    """Raise LeaseLostError if a row is not held by a runner."""
    if row.runner_id != runner_id:
        holder = row.runner_id or "nobody"
        raise LeaseLostError(f"{row.name!r} is held by {holder}, not by {runner_id}")


def extend(row: LeasedRow, now: float, seconds: float) -> None:
    """Let a lease run for some more seconds from now on, by the database's clock."""
    row.lease_until = now + seconds


def end(row: LeasedRow) -> None:
    """Let anybody take a row."""
    row.runner_id = row.lease_until = None
