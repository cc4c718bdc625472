"""Statistics of a metric by period, as CloudWatch takes them."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import StatisticSet

_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


def _count(sets: Sequence[StatisticSet]) -> int:
    return sum(one.count for one in sets)


def _sum(sets: Sequence[StatisticSet]) -> float:
    return math.fsum(one.total for one in sets)


_Statistic: TypeAlias = Callable[[Sequence[StatisticSet]], float]
_PLAIN: Final[dict[str, _Statistic]] = {
    "SampleCount": lambda sets: float(_count(sets)),
    "Average": lambda sets: _sum(sets) / _count(sets),
    "Sum": _sum,
    "Minimum": lambda sets: min(one.minimum for one in sets),
    "Maximum": lambda sets: max(one.maximum for one in sets),
}


def statistic(name: str) -> _Statistic:
    """Return the function of a statistic: `Average`, `p99` or alike.

    Raises
    ------
    ApiError
        There is no such statistic here.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        raise ApiError(
            "InvalidParameterValueException",
            f"The statistic {name[:40]!r} is not supported by Pairloom; must be one of "
            f"{', '.join(_PLAIN)} or a percentile like p99",
        )
    share = float(match[1]) / 100
    return lambda sets: _quantile(sets, share)


def by_period(sets: Iterable[StatisticSet], period: int) -> dict[float, list[StatisticSet]]:
    """Return what each period has, by the time that the period begins at; none is empty."""
    periods: dict[float, list[StatisticSet]] = defaultdict(list)
    for one in sets:
        periods[float(one.timestamp // period * period)].append(one)
    return dict(sorted(periods.items()))


def _quantile(sets: Sequence[StatisticSet], share: float) -> float:
    if any(one.minimum != one.maximum for one in sets):
        raise ApiError(
            "InvalidParameterCombinationException",
            f"There are no percentiles of {sets[0].name}: Pairloom keeps "
            f"{', '.join(_PLAIN)} of each minute, not every value.",
        )
    ordered = sorted(sets, key=lambda one: one.minimum)
    ends = list(accumulate(one.count for one in ordered))
    place = share * (ends[-1] - 1)
    below = math.floor(place)
    above = min(below + 1, ends[-1] - 1)
    low, high = (ordered[bisect_right(ends, index)].minimum for index in (below, above))
    return low + (high - low) * (place - below)
