"""Which training jobs are not worth their remaining epochs: the median rule, and Hyperband's.

Both are functions of the curves alone, so that nothing is lost when whoever asks them dies.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from pairloom.platform.tuning.curves import Curve
from pairloom.platform.tuning.limits import Hyperband

REDUCTION: Final = 3
LEAST_COMPLETED: Final = 3


def is_below_median(curve: Curve, completed: Sequence[Curve]) -> bool:
    """Return whether a job is worse than the median of the completed ones.

    Compared are its last value and their averages up to the same epoch.
    """
    if not curve:
        return False
    epoch = max(curve)
    averages = [average for one in completed if (average := _average(one, epoch)) is not None]
    return len(averages) >= LEAST_COMPLETED and curve[epoch] > statistics.median(averages)


def losers(curves: Mapping[int, Curve], hyperband: Hyperband) -> set[int]:
    """Return the numbers of the jobs that Hyperband stops, by the curves of all.

    Jobs take turns between the brackets. Those of a bracket meet at its rungs: of those that have
    reached one, the best third goes on. Each is judged by the last rung that it has reached, so
    that the best of a bracket is never stopped.
    """
    found: set[int] = set()
    for bracket, rungs in enumerate(brackets(hyperband)):
        members = {
            number: curve
            for number, curve in curves.items()
            if bracket_of(number, hyperband) == bracket
        }
        for rung, following in pairwise([*rungs, math.inf]):
            judged = {number for number, curve in members.items() if _last(curve) < following}
            found |= judged & _worse_than_best_third(members, rung)
    return found


def brackets(hyperband: Hyperband) -> list[list[int]]:
    """Return the rungs of every bracket, in epochs; each bracket is spared one rung more."""
    count = int(math.log(hyperband.max_resource / hyperband.min_resource, REDUCTION) + 1e-9)
    rungs = [hyperband.min_resource * REDUCTION**step for step in range(count + 1)]
    below = [rung for rung in rungs if rung < hyperband.max_resource]
    return [below[spared:] for spared in range(len(below) + 1)]


def bracket_of(number: int, hyperband: Hyperband) -> int:
    """Return the bracket of a job; each has a third of the jobs of the one before it."""
    turn = list(_turn(len(brackets(hyperband))))
    return turn[(number - 1) % len(turn)]


def _turn(count: int) -> Iterator[int]:
    for bracket in range(count):
        yield from [bracket] * REDUCTION ** min(count - 1 - bracket, 3)


def _worse_than_best_third(members: Mapping[int, Curve], rung: float) -> set[int]:
    costs = {
        number: cost
        for number, curve in members.items()
        if _last(curve) >= rung and (cost := _cost_at(curve, rung)) is not None
    }
    kept = max(1, len(costs) // REDUCTION)
    order = sorted(costs, key=lambda number: (costs[number], number))
    return set(order[kept:])


def _cost_at(curve: Curve, rung: float) -> float | None:
    """Return the last cost up to a rung; a job that was resumed may not have said every one."""
    epochs = [epoch for epoch in curve if epoch <= rung]
    return curve[max(epochs)] if epochs else None


def _average(curve: Curve, epoch: int) -> float | None:
    costs = [cost for at, cost in curve.items() if at <= epoch]
    return statistics.fmean(costs) if costs else None


def _last(curve: Curve) -> int:
    return max(curve, default=0)
