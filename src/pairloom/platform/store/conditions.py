"""The parts of a query that its caller may leave out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement

Condition: TypeAlias = Callable[[Any], ColumnElement[bool]]


def given(*asked: tuple[Any, Condition]) -> list[ColumnElement[bool]]:
    """Return the conditions whose value is given, applied to it."""
    return [condition(value) for value, condition in asked if value is not None]
