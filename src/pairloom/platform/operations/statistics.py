"""Statistics of a metric's points by period, as CloudWatch takes them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import MetricPoint

_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_PLAIN: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "SampleCount": lambda values: float(len(values)),
    "Average": lambda values: math.fsum(values) / len(values),
    "Sum": math.fsum,
    "Minimum": min,
    "Maximum": max,
}


def statistic(name: str) -> Callable[[Sequence[float]], float]:
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
    return lambda values: _quantile(sorted(values), share)


def by_period(points: Iterable[MetricPoint], period: int) -> dict[float, list[float]]:
    """Return the values of each period that has any, by the time that the period begins at."""
    periods: dict[float, list[float]] = defaultdict(list)
    for point in points:
        periods[float(point.timestamp // period * period)].append(point.value)
    return dict(sorted(periods.items()))


def _quantile(values: Sequence[float], share: float) -> float:
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)
