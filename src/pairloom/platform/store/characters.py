"""Text that every database takes."""

from __future__ import annotations

from sqlalchemy import Dialect, String, Text
from sqlalchemy.types import TypeDecorator

_NULL, _INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"


class Characters(TypeDecorator[str]):
    """Text of at most so many characters.

    Null characters, which PostgreSQL refuses, and halves of characters, which UTF-8 does not have,
    are replaced by others.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None or (value.isascii() and _NULL not in value):
            return value
        return value.encode(errors="replace").decode().replace(_NULL, _INSTEAD)


class ManyCharacters(Characters):
    """The same, of any length."""

    impl = Text
    cache_ok = True
