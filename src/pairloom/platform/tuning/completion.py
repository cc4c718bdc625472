"""When a tuning job is over, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pairloom.platform.tuning.children import Child
from pairloom.platform.tuning.limits import CompletionCriteria, Limits
from pairloom.platform.tuning.objective import Objective

HOPELESS: Final = 5
"""A tuning job fails when its first so many training jobs all have no objective."""
CONVERGED_JOBS: Final = 10
CONVERGED_SHARE: Final = 0.01

_ALL_FAILED: Final = (
    "All training jobs failed. Please take a look at the training jobs failures to get more "
    "details."
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a tuning job ends: its status, and the reason where it failed."""

    status: str
    failure_reason: str | None = None
    converged: bool = False


@dataclass(frozen=True, slots=True)
class Improvement:
    """How the best objective came about.

    Attributes
    ----------
    since
        Training jobs that have ended with an objective since the best one did.
    converged
        The last of them have hardly changed the best.
    """

    since: int
    converged: bool


def ending(
    children: Sequence[Child],
    objective: Objective,
    limits: Limits,
    completion: CompletionCriteria,
    age_seconds: float,
) -> Ending | None:
    """Return how a tuning job ends now, or None if it goes on."""
    hopeless = _hopeless(children, objective, limits)
    if hopeless is not None:
        return hopeless
    improved = improvement(children, objective)
    converged = completion.on_convergence and improved.converged
    is_over = (
        converged
        or (len(children) >= limits.jobs and all(child.has_ended for child in children))
        or (limits.runtime_seconds is not None and age_seconds >= limits.runtime_seconds)
        or _reaches(completion.target, children, objective)
        or 0 < (completion.jobs_not_improving or 0) <= improved.since
    )
    return Ending("Completed", converged=converged) if is_over else None


def improvement(children: Sequence[Child], objective: Objective) -> Improvement:
    """Return how the best objective came about, by the order in which the jobs ended."""
    costs = _costs(sorted(children, key=lambda child: child.ended_at), objective)
    if not costs:
        return Improvement(0, converged=False)
    best = min(costs)
    earlier = costs[:-CONVERGED_JOBS]
    converged = False
    if len(earlier) >= CONVERGED_JOBS:
        # A half of the earlier jobs lie between the best of them and their median.
        spread = sorted(earlier)[len(earlier) // 2] - min(earlier)
        converged = min(earlier) - best <= CONVERGED_SHARE * spread
    return Improvement(len(costs) - 1 - costs.index(best), converged)


def _reaches(target: float | None, children: Sequence[Child], objective: Objective) -> bool:
    costs = _costs(children, objective)
    return target is not None and bool(costs) and min(costs) <= objective.cost(target)


def _hopeless(children: Sequence[Child], objective: Objective, limits: Limits) -> Ending | None:
    ended = [child for child in children if child.has_ended]
    if len(ended) < min(HOPELESS, limits.jobs) or any(child.value is not None for child in ended):
        return None
    if all(child.record.status == "Failed" for child in ended):
        first = ended[0].record.results.get("failure_reason", "")
        return Ending("Failed", f"{_ALL_FAILED} {ended[0].name}: {first}")
    return Ending(
        "Failed",
        f"No objective metrics found after running {len(ended)} training jobs: none has reported "
        f"{objective.metric}.",
    )


def _costs(children: Sequence[Child], objective: Objective) -> list[float]:
    return [objective.cost(child.value) for child in children if child.value is not None]
