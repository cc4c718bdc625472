"""The regular expression of a metric: searched in time that the line's length bounds."""

from __future__ import annotations

import math
from typing import Final

import re2

from pairloom.errors import UserError

_MOST_BYTES: Final = 1 << 20  # that a compiled expression and its cache may take
_MOST_INSTRUCTIONS: Final = 2000  # steps for each character, at worst


class MetricExpression:
    """A user's definition of a metric, whose first group is the value.

    Expressions are [RE2's](https://github.com/google/re2/wiki/Syntax): they are searched for beside
    the jobs of others, and Python's own engine may take longer than anybody waits.

    Raises
    ------
    UserError
        The text is no such expression; names definition, rule and expression.
    """

    def __init__(self, name: str, text: str) -> None:
        options = re2.Options()
        options.max_mem = _MOST_BYTES
        options.log_errors = False
        try:
            self._pattern = re2.compile(text.encode(), options)
        except (re2.error, UnicodeEncodeError) as error:
            raise _refusal(name, text, _told(error)) from error
        size = self._pattern.programsize
        if size > _MOST_INSTRUCTIONS:
            rule = f"it has {size:,} instructions; at most {_MOST_INSTRUCTIONS:,} are searched for"
            raise _refusal(name, text, rule)

    def value(self, line: bytes) -> float | None:
        """Return what a line says; what is no finite number says nothing."""
        match = self._pattern.search(line)
        return finite_number(match[1]) if match and self._pattern.groups else None


def finite_number(text: str | bytes | None) -> float | None:
    """Return what a text says, if that is a finite number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _refusal(name: str, text: str, rule: str) -> UserError:
    shown = text.encode("utf-8", "backslashreplace").decode()
    return UserError(
        f"MetricDefinitions: the Regex of {name!r} is refused: {rule}. Expressions are RE2's, "
        f"which have no look-around and no back-references; this one is: {shown}"
    )


def _told(error: Exception) -> str:
    of = error.args[0] if error.args else error
    return of.decode("utf-8", "replace") if isinstance(of, bytes) else str(error)
