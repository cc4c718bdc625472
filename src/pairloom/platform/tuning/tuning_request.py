"""What a CreateHyperParameterTuningJob request says, in the terms of carrying it out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pairloom.errors import UserError
from pairloom.platform.tuning.limits import (
    CompletionCriteria,
    Hyperband,
    Limits,
    read_completion,
    read_hyperband,
    read_limits,
)
from pairloom.platform.tuning.objective import Objective, read_objective
from pairloom.platform.tuning.parameter_ranges import CategoricalRange, ParameterRange
from pairloom.platform.tuning.range_rules import read_ranges
from pairloom.platform.tuning.tuning_job_fields import DEFINITION, TUNING_JOB_FIELDS

Strategy: TypeAlias = Literal["Bayesian", "Random", "Hyperband", "Grid"]
IDENTICAL: Final = "IdenticalDataAndAlgorithm"
ACTIVE: Final = frozenset({"InProgress", "Stopping"})
"""The statuses of a tuning job that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRequest:
    """A tuning job as it was asked for.

    Attributes
    ----------
    stops_early
        TrainingJobEarlyStoppingType is Auto.
    hyperband
        Given with the strategy of this name alone.
    definition
        TrainingJobDefinition as it was given.
    parents
        Names of the tuning jobs whose results it starts from.
    is_identical
        The parents had the same data and algorithm.
    """

    strategy: Strategy
    objective: Objective
    ranges: tuple[ParameterRange, ...]
    limits: Limits
    completion: CompletionCriteria
    hyperband: Hyperband | None
    stops_early: bool
    seed: int | None
    definition: Mapping[str, Any]
    parents: tuple[str, ...]
    is_identical: bool

    @property
    def static(self) -> Mapping[str, str]:
        """Hyperparameters that every training job gets alike."""
        return static_hyperparameters(self.definition)


def read_tuning_request(request: Mapping[str, Any]) -> TuningRequest:
    """Read a request whose shape has been checked.

    Raises
    ------
    UserError
        It breaks a rule, or asks for what is not done here; names the field.
    """
    TUNING_JOB_FIELDS.refuse(request)
    definition = request.get(DEFINITION)
    if definition is None:
        raise UserError(f"there must be a {DEFINITION}")
    config = request["HyperParameterTuningJobConfig"]
    static = static_hyperparameters(definition)
    channels = [channel["ChannelName"] for channel in definition.get("InputDataConfig") or ()]
    ranges = read_ranges(config.get("ParameterRanges") or {}, static)
    strategy: Strategy = config["Strategy"]
    completion = read_completion(config.get("TuningJobCompletionCriteria") or {})
    warm_start = request.get("WarmStartConfig") or {}
    asked = TuningRequest(
        strategy=strategy,
        objective=read_objective(config.get("HyperParameterTuningJobObjective"), static, channels),
        ranges=ranges,
        limits=read_limits(config["ResourceLimits"], _grid_size(strategy, ranges), completion),
        completion=completion,
        hyperband=read_hyperband(config, static) if strategy == "Hyperband" else None,
        stops_early=config.get("TrainingJobEarlyStoppingType") == "Auto",
        seed=config.get("RandomSeed"),
        definition=definition,
        parents=_parents(warm_start),
        is_identical=warm_start.get("WarmStartType") == IDENTICAL,
    )
    _check_strategy(asked, config)
    return asked


def static_hyperparameters(definition: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the hyperparameters that all training jobs of a definition get alike."""
    return definition.get("StaticHyperParameters") or {}


def seed_of(asked: TuningRequest, name: str, created_at: float) -> int:
    """Return what a tuning job draws from: RandomSeed, or a number of its own."""
    if asked.seed is not None:
        return asked.seed
    return int.from_bytes(hashlib.sha256(f"{name} {created_at}".encode()).digest()[:4], "big")


def _grid_size(strategy: Strategy, ranges: tuple[ParameterRange, ...]) -> int | None:
    if strategy != "Grid":
        return None
    size = 1
    for one in ranges:
        if not isinstance(one, CategoricalRange):
            raise UserError(
                f"{one.name}: the Grid strategy takes categorical ranges alone; list the values in "
                "CategoricalParameterRanges"
            )
        size *= len(one.values)
    return size


def _parents(warm_start: Mapping[str, Any]) -> tuple[str, ...]:
    parents = warm_start.get("ParentHyperParameterTuningJobs") or ()
    names = tuple(parent.get("HyperParameterTuningJobName", "") for parent in parents)
    if "" in names:
        raise UserError("WarmStartConfig: a parent without HyperParameterTuningJobName")
    if len(set(names)) < len(names):
        raise UserError(f"WarmStartConfig names a parent more than once: {', '.join(names)}")
    return names


def _check_strategy(asked: TuningRequest, config: Mapping[str, Any]) -> None:
    if asked.strategy == "Hyperband" and asked.stops_early:
        raise UserError(
            "TrainingJobEarlyStoppingType must be Off with the Hyperband strategy, which stops "
            "training jobs early by itself"
        )
    if asked.strategy != "Hyperband" and config.get("StrategyConfig"):
        raise UserError(
            f"StrategyConfig.HyperbandStrategyConfig is for the Hyperband strategy; the strategy "
            f"is {asked.strategy}"
        )
    if asked.strategy in {"Grid", "Hyperband"} and asked.parents:
        raise UserError(
            f"WarmStartConfig is not supported with the {asked.strategy} strategy: it does not "
            "learn from earlier jobs"
        )
