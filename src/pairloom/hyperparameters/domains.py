"""Which values a hyperparameter takes: how text and typed values are read, the rule in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Integral
from numbers import Real as RealNumber
from typing import ClassVar, Protocol, TypeAlias, TypeVar

Value: TypeAlias = int | float | bool | str
T_co = TypeVar("T_co", covariant=True)

INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1
FLOAT32_MAX = 3.4028234663852886e38
FLOAT32_SMALLEST_NORMAL = 1.1754943508222875e-38

_NATURAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", re.ASCII)
_MEMORY_UNITS = {
    "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_FLAGS = {"true": True, "True": True, "false": False, "False": False}


class Readable(Protocol[T_co]):
    """What reads text or typed values."""

    def read(self, value: object) -> T_co:
        """Return the typed value; raise ValueError with the rule when `value` breaks it."""


class Domain(Readable[Value], Protocol):
    """The values a hyperparameter takes."""

    @property
    def rule(self) -> str:
        """Say the rule, to follow "must be"."""

    @property
    def annotation(self) -> str:
        """Spell the Python type of a value that was read."""


@dataclass(frozen=True, slots=True)
class Integer:
    """Whole numbers of a range; text is plain decimal digits without sign or leading zero."""

    minimum: int = 1
    maximum: int = INT32_MAX
    annotation: ClassVar[str] = "int"

    @property
    def rule(self) -> str:
        """Name both bounds."""
        return f"an integer from {self.minimum} to {self.maximum}"

    def read(self, value: object) -> int:
        """Read digits, or an integer of any library."""
        number = _integer(value)
        if number is None or not self.minimum <= number <= self.maximum:
            raise ValueError(self.rule)
        return number


@dataclass(frozen=True, slots=True)
class Real:
    """Numbers that float32 can hold, from `minimum` on and below `below`."""

    minimum: float = -FLOAT32_MAX
    below: float | None = None
    annotation: ClassVar[str] = "float"

    @property
    def rule(self) -> str:
        """Name the bounds that are not float32's own."""
        if self.below is not None:
            return f"a number {'>=' if self.minimum == 0 else '>'} 0 and < {self.below:g}"
        if self.minimum < 0:
            return "a finite number that float32 can hold"
        sign = ">= 0" if self.minimum == 0 else "> 0"
        return f"a finite number {sign} that float32 can hold"

    def read(self, value: object) -> float:
        """Read a decimal number, or a real number of any library."""
        number = _real(value)
        if number is None or not self.minimum <= number <= FLOAT32_MAX:
            raise ValueError(self.rule)
        if self.below is not None and not number < self.below:
            raise ValueError(self.rule)
        return number


POSITIVE = Real(minimum=FLOAT32_SMALLEST_NORMAL)


@dataclass(frozen=True, slots=True)
class Flag:
    """Truth values; Python's own spelling is read too, since clients send `str(True)`."""

    annotation: ClassVar[str] = "bool"
    rule: ClassVar[str] = "true or false"

    def read(self, value: object) -> bool:
        """Read a word, or a bool."""
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value not in _FLAGS:
            raise ValueError(self.rule)
        return _FLAGS[value]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def rule(self) -> str:
        """Name the words."""
        if len(self.options) == 1:
            return f"{self.options[0]}, the only choice today"
        return f"{', '.join(self.options[:-1])} or {self.options[-1]}"

    @property
    def annotation(self) -> str:
        """Spell a Literal of the words."""
        words = ", ".join(f'"{option}"' for option in self.options)
        return f"Literal[{words}]"

    def read(self, value: object) -> str:
        """Read one of the words."""
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(self.rule)
        return str(value)


@dataclass(frozen=True, slots=True)
class MemoryAmount:
    """Amounts of memory: a number of bytes, or of one of the units."""

    annotation: ClassVar[str] = "int"

    @property
    def rule(self) -> str:
        """Name the units."""
        return f"a number of bytes, or a number followed by {', '.join(_MEMORY_UNITS)}"

    def read(self, value: object) -> int:
        """Read a number and its unit, or a plain number of bytes."""
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        found = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
        unit = None if found is None else _MEMORY_UNITS.get(found[2] or "B")
        if found is None or unit is None:
            raise ValueError(self.rule)
        return int(float(found[1]) * unit)


@dataclass(frozen=True, slots=True)
class Text:
    """Any text; numbers and truth values are taken as their text."""

    may_be_empty: bool = True
    annotation: ClassVar[str] = "str"

    @property
    def rule(self) -> str:
        """Say whether empty text will do."""
        return "text" if self.may_be_empty else "text that is not empty"

    def read(self, value: object) -> str:
        """Read text, or a plain value as its text."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str | int | float) and (self.may_be_empty or value != ""):
            return str(value)
        raise ValueError(self.rule)


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if _NATURAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, Integral):
        return None
    return int(value)


def _real(value: object) -> float | None:
    if isinstance(value, str):
        return float(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, RealNumber):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
