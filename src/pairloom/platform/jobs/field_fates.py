"""What becomes of each field of a request: it is honoured, ignored or refused.

Fields are named by their path; a field that is not named goes with the one above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pairloom.errors import UserError


@dataclass(frozen=True, slots=True)
class FieldFates:
    """The fates of an operation's fields.

    Attributes
    ----------
    ignored, refused
        Why, by path.
    """

    honoured: frozenset[str]
    ignored: Mapping[str, str]
    refused: Mapping[str, str]

    def fate(self, path: str) -> str | None:
        """Return `honoured`, `ignored`, `refused`, or None if nobody said."""
        while path:
            for name in ("ignored", "refused", "honoured"):
                if path in getattr(self, name):
                    return name
            path = path.rpartition(".")[0]
        return None

    def refuse(self, request: Mapping[str, Any]) -> None:
        """Refuse a request that asks for what is not done here.

        Raises
        ------
        UserError
            Names the field and says why.
        """
        for path in _given(request):
            if path in self.refused:
                raise UserError(f"{path} is not supported by Pairloom: {self.refused[path]}")

    def ignored_in(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Return the fields of a request that change nothing, and why."""
        return {path: self.ignored[path] for path in _given(request) if path in self.ignored}


def ignored_line(fields: Mapping[str, str]) -> str:
    """Return the line of a job's log that names what changes nothing, and why."""
    reasons = ", ".join(f"{field} ({why})" for field, why in fields.items())
    return f"Pairloom ignores {reasons}"


def _given(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths that hold anything; false, empty text and empty lists ask for nothing."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            if item not in (None, "", False) and item not in ([], {}):
                yield below
                yield from _given(item, below)
    elif isinstance(value, list):
        for item in value:
            yield from _given(item, path)
