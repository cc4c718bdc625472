"""Tokens that lead from one page of a list to the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pairloom.platform.protocol.errors import validation_error

T = TypeVar("T")


def token(place: str | int) -> str:
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
