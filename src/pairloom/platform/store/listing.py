"""One page of a table's rows, in the order that a query asks for."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, literal, select, tuple_

from pairloom.platform.store.conditions import given
from pairloom.platform.store.records import ResourceQuery, SortBy
from pairloom.platform.store.tables import LeasedRow

Row = TypeVar("Row", bound=LeasedRow)

_SORTED_BY: Final[dict[SortBy, str]] = {
    "Name": "name",
    "CreationTime": "created_at",
    "LastModifiedTime": "modified_at",
    "Status": "status",
}


def selected(table: type[Row], query: ResourceQuery, *scope: ColumnElement[bool]) -> Select[Row]:
    """Return the statement that finds what a query asks for."""
    column = getattr(table, _SORTED_BY[query.sort_by])
    statement = select(table).where(*scope, *_conditions(table, query))
    if query.after is not None:
        place = tuple_(column, table.name)
        key, name = query.after
        last = tuple_(literal(key, column.type), literal(name, table.name.type))
        statement = statement.where(place < last if query.descending else place > last)
    order = (column, table.name)
    statement = statement.order_by(*(key.desc() if query.descending else key for key in order))
    return statement if query.limit is None else statement.limit(query.limit)


def _conditions(row: Any, query: ResourceQuery) -> list[ColumnElement[bool]]:
    return given(
        (query.name_contains, lambda value: row.name.icontains(value, autoescape=True)),
        (query.status, lambda value: row.status == value),
        (query.created_after, lambda value: row.created_at > value),
        (query.created_before, lambda value: row.created_at < value),
        (query.modified_after, lambda value: row.modified_at > value),
        (query.modified_before, lambda value: row.modified_at < value),
    )
