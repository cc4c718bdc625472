"""Ranges of hyperparameters, each seen as the interval from 0 to 1 that a strategy searches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Scaling: TypeAlias = Literal["Linear", "Logarithmic", "ReverseLogarithmic"]

_TO_SCALE: Final[dict[Scaling, Callable[[float], float]]] = {
    "Linear": lambda value: value,
    "Logarithmic": math.log,
    "ReverseLogarithmic": lambda value: -math.log1p(-value),
}
_FROM_SCALE: Final[dict[Scaling, Callable[[float], float]]] = {
    "Linear": lambda scaled: scaled,
    "Logarithmic": math.exp,
    "ReverseLogarithmic": lambda scaled: -math.expm1(-scaled),
}


@dataclass(frozen=True, slots=True)
class NumericRange:
    """Numbers from `low` to `high`, both included; whole ones where `is_integer`.

    Equal parts of the interval are equal parts of the range as its scaling sees it.
    """

    name: str
    low: float
    high: float
    scaling: Scaling
    is_integer: bool

    def text_at(self, place: float) -> str:
        """Return the value at a place of the interval, as hyperparameters are written."""
        bottom, top = self._ends
        value = _FROM_SCALE[self.scaling](bottom + place * (top - bottom))
        value = min(max(round(value) if self.is_integer else value, self.low), self.high)
        return str(int(value)) if self.is_integer else repr(float(value))

    def place_of(self, text: str) -> float | None:
        """Return the place of a value, or None if the range does not hold it."""
        try:
            value = float(text)
        except ValueError:
            return None
        if not self.low <= value <= self.high:
            return None
        bottom, top = self._ends
        if top == bottom:
            return 0.0
        place = (_TO_SCALE[self.scaling](value) - bottom) / (top - bottom)
        return min(max(place, 0.0), 1.0)

    @property
    def _ends(self) -> tuple[float, float]:
        # Every whole number gets a part of the interval, the outermost too.
        margin = 0.5 if self.is_integer else 0.0
        scaled = _TO_SCALE[self.scaling]
        return scaled(self.low - margin), scaled(self.high + margin)


@dataclass(frozen=True, slots=True)
class CategoricalRange:
    """A few values without an order."""

    name: str
    values: tuple[str, ...]

    def text_at(self, place: float) -> str:
        """Return the value at a place of the interval, of which each has an equal part."""
        return self.values[min(int(place * len(self.values)), len(self.values) - 1)]

    def holds(self, text: str) -> bool:
        return text in self.values


ParameterRange: TypeAlias = NumericRange | CategoricalRange
