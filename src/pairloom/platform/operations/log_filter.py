"""FilterLogEvents' patterns: terms, phrases in quotes, `?either` and `-without`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pairloom.platform.protocol.errors import ApiError

_TERM: Final = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)')


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which messages are let through."""

    every: tuple[str, ...]
    either: tuple[str, ...]
    without: tuple[str, ...]

    def lets_through(self, message: str) -> bool:
        """Return whether a message holds what it must and nothing that it must not."""
        return (
            all(term in message for term in self.every)
            and (not self.either or any(term in message for term in self.either))
            and not any(term in message for term in self.without)
        )


def read_pattern(pattern: str) -> LogFilter:
    """Read a pattern.

    Raises
    ------
    ApiError
        InvalidParameterException: it is of a kind that is not offered, or a quote stays open.
    """
    text = pattern.strip()
    if text[:1] in {"{", "[", "%"}:
        raise _invalid(pattern, "patterns of fields and regular expressions are not supported")
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            raise _invalid(pattern, "a quote stays open")
        sign, phrase, word = match.groups()
        terms[sign].append(re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else word)
        place = match.end()
        place += len(text[place:]) - len(text[place:].lstrip())
    return LogFilter(tuple(terms[""]), tuple(terms["?"]), tuple(terms["-"]))


def _invalid(pattern: str, why: str) -> ApiError:
    return ApiError("InvalidParameterException", f"Invalid filter pattern {pattern[:80]!r}: {why}")
