"""Which ranges may be searched, and how they are read from a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pairloom.errors import UserError
from pairloom.hyperparameters import BY_NAME, TABLE, Hyperparameter
from pairloom.hyperparameters.domains import Integer, Real
from pairloom.platform.tuning.parameter_ranges import (
    CategoricalRange,
    NumericRange,
    ParameterRange,
    Scaling,
)

MOST_RANGES: Final = 30
_WIDE: Final = 100.0  # `Auto` sees a range as logarithmic from this ratio of its ends on
_KINDS: Final = {"IntegerParameterRanges": True, "ContinuousParameterRanges": False}


def read_ranges(given: Mapping[str, Any], static: Mapping[str, str]) -> tuple[ParameterRange, ...]:
    """Read ParameterRanges.

    Raises
    ------
    UserError
        Names the hyperparameter, the rule and the value.
    """
    ranges = tuple(_read(given))
    _check_names([one.name for one in ranges], static)
    for one in ranges:
        row = BY_NAME[one.name]
        if isinstance(one, CategoricalRange):
            _check_values(row, one)
        else:
            _check_bounds(row, one)
    return ranges


def _read(given: Mapping[str, Any]) -> Iterator[ParameterRange]:
    for member, is_integer in _KINDS.items():
        for one in given.get(member) or ():
            yield _numeric(one, is_integer=is_integer)
    for one in given.get("CategoricalParameterRanges") or ():
        yield CategoricalRange(one["Name"], tuple(one["Values"]))


def _numeric(one: Mapping[str, str], *, is_integer: bool) -> NumericRange:
    name = one["Name"]
    low, high = (
        _number(name, member, one[member], is_integer=is_integer)
        for member in ("MinValue", "MaxValue")
    )
    if low > high:
        raise UserError(
            f"{name}: MinValue is {one['MinValue']}, MaxValue {one['MaxValue']}; MinValue must not "
            "be greater"
        )
    scaling = _scaling(name, one.get("ScalingType", "Auto"), low, high, is_integer=is_integer)
    return NumericRange(name, low, high, scaling, is_integer)


def _number(name: str, member: str, text: str, *, is_integer: bool) -> float:
    domain = Integer(minimum=0) if is_integer else Real()
    try:
        return float(domain.read(text))
    except ValueError as rule:
        raise UserError(f"{name}: {member} is {text[:60]!r}; must be {rule}") from None


def _scaling(name: str, asked: str, low: float, high: float, *, is_integer: bool) -> Scaling:
    if asked == "Logarithmic":
        if low <= 0:
            raise UserError(f"{name}: MinValue is {low:g}; Logarithmic scaling wants it above 0")
        return "Logarithmic"
    if asked == "ReverseLogarithmic":
        if is_integer:
            raise UserError(f"{name}: ReverseLogarithmic scaling is for continuous ranges alone")
        if not 0 <= low <= high < 1:
            raise UserError(
                f"{name}: the range is {low:g} to {high:g}; ReverseLogarithmic scaling wants it "
                "from 0 on and below 1"
            )
        return "ReverseLogarithmic"
    if asked == "Auto" and low > 0 and high / low >= _WIDE:
        return "Logarithmic"
    return "Linear"


def _check_names(names: Sequence[str], static: Mapping[str, str]) -> None:
    if not names:
        raise UserError("ParameterRanges names no hyperparameter; there is nothing to tune")
    if len(names) > MOST_RANGES:
        raise UserError(f"ParameterRanges has {len(names)} ranges; there may be {MOST_RANGES}")
    tunable = sorted(row.name for row in TABLE if row.tunable)
    untunable = sorted(set(names) - set(tunable))
    if untunable:
        raise UserError(
            "The hyperparameter tuning job you requested has the following untunable "
            f"hyperparameters: [{', '.join(untunable)}]. For the algorithm, "
            f"factorization-machines, you can tune only [{', '.join(tunable)}]. Delete untunable "
            "hyperparameters."
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise UserError(f"ParameterRanges: {name} is there more than once")
        if name in static:
            raise UserError(f"{name} is tuned and in StaticHyperParameters; it must be in one only")


def _check_values(row: Hyperparameter, given: CategoricalRange) -> None:
    if len(set(given.values)) < len(given.values):
        raise UserError(f"{row.name}: Values has one more than once: {', '.join(given.values)}")
    for text in given.values:
        _check_value(row, text)


def _check_value(row: Hyperparameter, text: str) -> None:
    try:
        row.domain.read(text)
    except ValueError as rule:
        raise UserError(f"{row.name}: Values has {text[:60]!r}; must be {rule}") from None


def _check_bounds(row: Hyperparameter, given: NumericRange) -> None:
    takes_integers = isinstance(row.domain, Integer)
    if takes_integers != given.is_integer:
        kind = "IntegerParameterRanges" if takes_integers else "ContinuousParameterRanges"
        raise UserError(f"{row.name}: its range must be one of {kind}")
    bounds = row.tuning_range
    if bounds is not None and not bounds.low <= given.low <= given.high <= bounds.high:
        raise UserError(
            f"{row.name}: the range is {given.low:g} to {given.high:g}; must lie within "
            f"{bounds.low:g} to {bounds.high:g}"
        )
