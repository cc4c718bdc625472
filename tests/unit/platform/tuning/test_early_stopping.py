from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pairloom.platform.store import MetricPoint
from pairloom.platform.tuning.curves import curve_of
from pairloom.platform.tuning.early_stopping import (
    bracket_of,
    brackets,
    is_below_median,
    losers,
)
from pairloom.platform.tuning.limits import Hyperband
from pairloom.platform.tuning.objective import Objective

RMSE = Objective("test:rmse", minimizes=True)


def points(name: str, *values: tuple[float, float]) -> list[MetricPoint]:
    return [MetricPoint(name, value, time) for time, value in values]


def test_curve_counts_epochs_by_the_progress_before_them() -> None:
    progress = points("train:progress", (1, 25.0), (3, 50.0), (5, 75.0), (7, 100.0))
    values = points("test:rmse", (2, 0.9), (4, 0.8), (6, 0.7), (8, 0.6))
    assert curve_of(values, progress, 4, RMSE) == {1: 0.9, 2: 0.8, 3: 0.7, 4: 0.6}


def test_epochs_that_a_resumed_job_says_again_count_once() -> None:
    progress = points("train:progress", (1, 25.0), (3, 50.0), (5, 50.0), (7, 75.0))
    values = points("test:rmse", (2, 0.9), (4, 0.8), (6, 0.8), (8, 0.7))
    assert curve_of(values, progress, 4, RMSE) == {1: 0.9, 2: 0.8, 3: 0.7}


def test_validation_is_said_before_the_progress_of_its_epoch() -> None:
    auc = Objective("validation:auc", minimizes=False)
    progress = points("train:progress", (2, 50.0), (4, 100.0))
    values = points("validation:auc", (1, 0.6), (3, 0.7))
    assert curve_of(values, progress, 2, auc) == {1: -0.6, 2: -0.7}


def test_median_rule_compares_with_averages_up_to_the_same_epoch() -> None:
    completed = [{1: 1.0, 2: 0.5, 3: 0.0}, {1: 2.0, 2: 1.0, 3: 0.0}, {1: 3.0, 2: 3.0, 3: 0.0}]
    # The averages of two epochs are 0.75, 1.5 and 3, and their median 1.5.
    assert is_below_median({1: 0.1, 2: 1.6}, completed)
    assert not is_below_median({1: 9.0, 2: 1.4}, completed)
    assert not is_below_median({}, completed)
    assert not is_below_median({1: 9.0}, completed[:2])


def test_brackets_meet_at_powers_of_three_and_spare_one_rung_more_each() -> None:
    assert brackets(Hyperband(1, 27)) == [[1, 3, 9], [3, 9], [9], []]
    assert brackets(Hyperband(2, 20)) == [[2, 6, 18], [6, 18], [18], []]
    assert brackets(Hyperband(5, 5)) == [[]]
    turns = [bracket_of(number, Hyperband(1, 9)) for number in range(1, 14)]
    assert turns == [0] * 9 + [1] * 3 + [2]


def test_best_third_of_a_rung_goes_on() -> None:
    curves = {number: {1: float(number)} for number in range(1, 7)}
    assert losers(curves, Hyperband(1, 9)) == {3, 4, 5, 6}


def test_jobs_are_judged_by_the_last_rung_that_they_have_reached() -> None:
    curves = {number: {1: float(number)} for number in range(1, 7)}
    curves[6] = {1: 6.0, 2: 0.0, 3: -1.0}
    assert losers(curves, Hyperband(1, 9)) == {3, 4, 5}
    curves[1] = {1: 1.0, 2: 0.0, 3: 0.0}
    assert losers(curves, Hyperband(1, 9)) == {1, 3, 4, 5}


def test_jobs_that_have_not_reached_a_rung_are_left_alone() -> None:
    curves = {1: {1: 5.0}, 2: {1: 4.0}, 3: {1: 9.0, 2: 9.0, 3: 9.0}}
    assert losers(curves, Hyperband(3, 9)) == set()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(1, 5))
def test_the_best_of_all_is_never_stopped(costs: list[float], least: int) -> None:
    curves = {number: {least: cost, least * 3: cost} for number, cost in enumerate(costs, 1)}
    best = min(curves, key=lambda number: (curves[number][least], number))
    assert best not in losers(curves, Hyperband(least, least * 9))
