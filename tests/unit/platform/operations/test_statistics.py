"""Statistics of points and of what is kept of a minute's values."""

from __future__ import annotations

import numpy as np
import pytest

from pairloom.platform.operations.statistics import by_period, statistic
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import StatisticSet


def equal_values(timestamp: float, value: float, count: int) -> StatisticSet:
    return StatisticSet(
        name="m",
        timestamp=timestamp,
        count=count,
        total=value * count,
        minimum=value,
        maximum=value,
    )


SETS = [equal_values(60, 3.0, 2), equal_values(70, 1.0, 4), equal_values(119, 2.0, 1)]
VALUES = [3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", len(VALUES)),
        ("Sum", sum(VALUES)),
        ("Average", np.mean(VALUES)),
        ("Minimum", 1.0),
        ("Maximum", 3.0),
    ],
)
def test_statistics_of_sets_are_those_of_their_values(name: str, expected: float) -> None:
    assert statistic(name)(SETS) == pytest.approx(expected)


@pytest.mark.parametrize("percent", [0, 10, 50, 66, 75, 99.9, 100])
def test_percentiles_of_equal_values_count_each_of_them(percent: float) -> None:
    expected = np.percentile(VALUES, percent)
    assert statistic(f"p{percent:g}")(SETS) == pytest.approx(expected)


def test_percentile_is_refused_where_the_values_are_not_known() -> None:
    mixed = StatisticSet(name="m", timestamp=60, count=2, total=3, minimum=1, maximum=2)
    with pytest.raises(ApiError, match="no percentiles of m"):
        statistic("p50")([*SETS, mixed])


def test_periods_hold_what_began_in_them() -> None:
    later = equal_values(120, 1.0, 1)
    assert by_period([*SETS, later], 60) == {60.0: SETS, 120.0: [later]}
