"""How far a tuning job goes: limits, criteria of completion, Hyperband's resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pairloom.errors import UserError
from pairloom.hyperparameters import BY_NAME

MOST_JOBS: Final = 750
MOST_PARALLEL_JOBS: Final = 100
MOST_RESOURCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """ResourceLimits; `jobs` is what the strategy or a criterion makes of it when not given."""

    jobs: int
    parallel_jobs: int
    runtime_seconds: int | None


@dataclass(frozen=True, slots=True)
class CompletionCriteria:
    """What ends a tuning job before its limits do; None and False never do."""

    target: float | None = None
    jobs_not_improving: int | None = None
    on_convergence: bool = False

    @property
    def is_any(self) -> bool:
        return self != CompletionCriteria()


@dataclass(frozen=True, slots=True)
class Hyperband:
    """The least and the most epochs that a training job gets."""

    min_resource: int
    max_resource: int


def read_limits(
    given: Mapping[str, Any], grid_size: int | None, completion: CompletionCriteria
) -> Limits:
    """Read ResourceLimits; a grid has a size of its own.

    Raises
    ------
    UserError
        A limit is missing, or too large, or not the grid's.
    """
    asked = given.get("MaxNumberOfTrainingJobs")
    parallel, seconds = given["MaxParallelTrainingJobs"], given.get("MaxRuntimeInSeconds")
    if grid_size is not None and asked not in {None, grid_size}:
        raise UserError(
            f"MaxNumberOfTrainingJobs is {asked}; the grid has {grid_size} combinations, and each "
            "is one training job: give that number or none"
        )
    if asked is None and grid_size is None and seconds is None and not completion.is_any:
        raise UserError(
            "MaxNumberOfTrainingJobs is missing; without it, MaxRuntimeInSeconds or "
            "TuningJobCompletionCriteria must say when the tuning job ends"
        )
    jobs = asked or grid_size or MOST_JOBS
    for name, value, most in (
        ("MaxNumberOfTrainingJobs", jobs, MOST_JOBS),
        ("MaxParallelTrainingJobs", parallel, MOST_PARALLEL_JOBS),
    ):
        if value > most:
            raise UserError(f"{name} is {value}; there may be at most {most}")
    return Limits(jobs, parallel, seconds)


def read_completion(given: Mapping[str, Any]) -> CompletionCriteria:
    """Read TuningJobCompletionCriteria."""
    improving = given.get("BestObjectiveNotImproving") or {}
    convergence = given.get("ConvergenceDetected") or {}
    return CompletionCriteria(
        given.get("TargetObjectiveMetricValue"),
        improving.get("MaxNumberOfTrainingJobsNotImproving"),
        convergence.get("CompleteOnConvergence") == "Enabled",
    )


def read_hyperband(config: Mapping[str, Any], static: Mapping[str, str]) -> Hyperband:
    """Read HyperbandStrategyConfig; without MaxResource it is the `epochs` of all jobs.

    Raises
    ------
    UserError
        There is no MaxResource, or it is too small or too large.
    """
    given = (config.get("StrategyConfig") or {}).get("HyperbandStrategyConfig") or {}
    least, most = given.get("MinResource", 1), given.get("MaxResource")
    if most is None:
        most = _static_epochs(static)
    if most > MOST_RESOURCE:
        raise UserError(f"MaxResource is {most}; it may be at most {MOST_RESOURCE}")
    if least > most:
        raise UserError(f"MinResource is {least}, MaxResource {most}; it must not be greater")
    return Hyperband(least, most)


def epochs_of(hyperparameters: Mapping[str, str]) -> int:
    """Return how many epochs a training job has; 1 where that is unreadable, so that it fails."""
    row = BY_NAME["epochs"]
    try:
        return int(row.domain.read(hyperparameters.get(row.name, row.default)))
    except ValueError:
        return 1


def _static_epochs(static: Mapping[str, str]) -> int:
    if "epochs" not in static:
        raise UserError(
            "HyperbandStrategyConfig needs a MaxResource; there is no `epochs` in "
            "StaticHyperParameters to take it from"
        )
    try:
        return int(BY_NAME["epochs"].domain.read(static["epochs"]))
    except ValueError as rule:
        raise UserError(f"epochs: {static['epochs'][:60]!r} is refused; must be {rule}") from None
