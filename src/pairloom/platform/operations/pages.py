"""Tokens that lead from one page of a list to the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pairloom.platform.protocol.errors import validation_error
from pairloom.platform.store import Place, ResourceQuery, ResourceRecord, TrainingJobRecord

T = TypeVar("T")
R = TypeVar("R", ResourceRecord, TrainingJobRecord)
Q = TypeVar("Q", bound=ResourceQuery)

_MOST_RECORDS: Final = 10  # of a page, unless the request says otherwise
_TEXT_ORDERS: Final = frozenset({"Name", "Status"})


def token(place: str | int | Place) -> str:
    """Return the token of the page that begins behind a place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place_of(kind: type[T], given: str | None) -> T | None:
    """Return the place in a token, or None for the first page.

    Raises
    ------
    ApiError
        The token is none of ours.
    """
    if given is None:
        return None
    try:
        place: Any = json.loads(base64.b64decode(given.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        place = None
    if not isinstance(place, kind) or isinstance(place, bool):
        raise validation_error(f"Invalid NextToken: {given[:40]!r}")
    return place


def page(items: Sequence[T], given: str | None, limit: int) -> tuple[list[T], str | None]:
    """Return one page of a list that is whole in memory, and the token of the next."""
    start = place_of(int, given) or 0
    if start < 0:
        raise validation_error("Invalid NextToken")
    end = start + limit
    return list(items[start:end]), token(end) if end < len(items) else None


def record_query(kind: type[Q], request: Mapping[str, Any], *, order: str, **scope: Any) -> Q:
    """Return what a request for a list asks for, and one record more: it tells of a next page.

    Parameters
    ----------
    order
        `Ascending` or `Descending`, unless the request says it.
    scope
        What else the query takes.

    Raises
    ------
    ApiError
        The token is none of ours, or of a list in another order.
    """
    sort_by = request.get("SortBy", "CreationTime")
    return kind(
        name_contains=request.get("NameContains"),
        status=request.get("StatusEquals"),
        created_after=request.get("CreationTimeAfter"),
        created_before=request.get("CreationTimeBefore"),
        modified_after=request.get("LastModifiedTimeAfter"),
        modified_before=request.get("LastModifiedTimeBefore"),
        sort_by=sort_by,
        descending=request.get("SortOrder", order) == "Descending",
        after=_record_place(request.get("NextToken"), sort_by),
        limit=request.get("MaxResults", _MOST_RECORDS) + 1,
        **scope,
    )


def _record_place(given: str | None, sort_by: str) -> Place | None:
    place: list[Any] | None = place_of(list, given)
    if place is None:
        return None
    kinds = (str if sort_by in _TEXT_ORDERS else (float, int), str)
    if len(place) != 2 or not all(map(isinstance, place, kinds)):
        raise validation_error(f"Invalid NextToken for a list sorted by {sort_by}")
    return Place(*place)


def record_page(records: Sequence[R], query: ResourceQuery) -> tuple[Sequence[R], str | None]:
    """Return the page of what a `record_query` has found, and the token of the next."""
    if query.limit is None or len(records) < query.limit:
        return records, None
    shown = records[:-1]
    return shown, token(query.place_of(shown[-1]))
