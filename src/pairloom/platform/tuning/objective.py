"""The metric that a tuning job makes as small or as large as it can."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pairloom.container.job_log import is_score
from pairloom.errors import UserError
from pairloom.platform.jobs.metric_definitions import MEASURES

CHANNELS: Final = ("test", "validation")
TUNING_OBJECTIVE: Final = "_tuning_objective_metric"
"""The hyperparameter that tells a training job which metric it is judged by."""


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and its direction."""

    metric: str
    minimizes: bool

    @property
    def channel(self) -> str:
        """The channel on whose rows it is measured."""
        return self.metric.partition(":")[0]

    def cost(self, value: float) -> float:
        """Return a value as what is to be small."""
        return value if self.minimizes else -value

    def value(self, cost: float) -> float:
        """Return what `cost` was made of."""
        return cost if self.minimizes else -cost


def read_objective(
    given: Mapping[str, str] | None, static: Mapping[str, str], channels: Collection[str]
) -> Objective:
    """Read HyperParameterTuningJobObjective.

    Raises
    ------
    UserError
        There is none, or jobs of this definition do not report it.
    """
    if not given:
        raise UserError(
            "A metric is required for this hyperparameter tuning job objective. Provide a "
            "HyperParameterTuningJobObjective."
        )
    objective = Objective(given["MetricName"], given["Type"] == "Minimize")
    predictor_type = static.get("predictor_type", "")
    metrics = _metrics(predictor_type)
    if objective.metric not in metrics:
        raise UserError(
            f"The objective metric for the hyperparameter tuning job, [{objective.metric}], isn't "
            f"one that factorization-machines reports for predictor_type {predictor_type!r}. "
            f"Choose one of [{', '.join(sorted(metrics))}]."
        )
    if objective.minimizes == _is_score(objective.metric):
        valid = "Maximize" if objective.minimizes else "Minimize"
        raise UserError(
            f"The objective type for the hyperparameter tuning job, [{given['Type']}], isn't valid "
            f"for {objective.metric}. Choose [{valid}]."
        )
    if objective.channel not in channels:
        raise UserError(
            f"The objective metric {objective.metric} is measured on a channel "
            f"{objective.channel!r}; InputDataConfig has {sorted(channels)}"
        )
    return objective


def described(objective: Objective, value: float) -> dict[str, Any]:
    """Return a value of it as FinalHyperParameterTuningJobObjectiveMetric."""
    kind = "Minimize" if objective.minimizes else "Maximize"
    return {"Type": kind, "MetricName": objective.metric, "Value": value}


def _metrics(predictor_type: str) -> set[str]:
    measures = MEASURES.get(predictor_type, frozenset())
    return {f"{channel}:{measure}" for channel in CHANNELS for measure in measures}


def _is_score(metric: str) -> bool:
    return is_score(metric.partition(":")[2])
