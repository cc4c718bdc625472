"""A request as it came over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A request, nothing of it decoded: signatures are over what was sent.

    Attributes
    ----------
    path, query
        As they stood in the request line.
    headers
        Names in lower case, in the order they came.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of a name in lower case, or None."""
        return next((value for found, value in self.headers if found == name), None)
