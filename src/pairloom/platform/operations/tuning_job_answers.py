"""Tuning jobs as the operations on them show them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.training_job_answers import (
    DEFAULT_RUNTIME_SECONDS,
    FLAGS,
    described_algorithm,
    described_channel,
    training_job_arn,
    tuning_job_arn,
)
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import ResourceRecord
from pairloom.platform.tuning import objective
from pairloom.platform.tuning.child_request import resource_config
from pairloom.platform.tuning.children import (
    Child,
    best_child,
    objective_counters,
    read_children,
    status_counters,
)
from pairloom.platform.tuning.completion import improvement
from pairloom.platform.tuning.tuning_request import (
    TuningRequest,
    read_tuning_request,
    static_hyperparameters,
)

_RANGES: Final = (
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
)


class TuningJobAnswers:
    """Shows one tuning job and its training jobs."""

    def __init__(self, platform: Platform, record: ResourceRecord) -> None:
        self._settings: PlatformSettings = platform.settings
        self._store = platform.store
        self._record = record
        self._asked: TuningRequest = read_tuning_request(record.request)
        self.children: Sequence[Child] = read_children(
            platform.store, record.name, self._asked.objective
        )

    def described(self) -> Members:
        """Return the tuning job as DescribeHyperParameterTuningJob does."""
        record, asked = self._record, self._asked
        ended_at = record.state.get("ended_at")
        answer: Members = without_empty(
            {
                **self.summarized(),
                "TrainingJobDefinition": _definition(asked),
                "BestTrainingJob": self._best(self.children),
                "OverallBestTrainingJob": self._overall_best(),
                "WarmStartConfig": record.request.get("WarmStartConfig"),
                "FailureReason": record.state.get("failure_reason"),
                "TuningJobCompletionDetails": {
                    "NumberOfTrainingJobsObjectiveNotImproving": improvement(
                        self.children, asked.objective
                    ).since,
                    "ConvergenceDetectedTime": record.state.get("converged_at"),
                },
                "ConsumedResources": {
                    "RuntimeInSeconds": round((ended_at or time.time()) - record.created_at)
                },
            }
        )
        for of_list in ("Strategy", "ResourceLimits"):
            del answer[of_list]
        return {**answer, "HyperParameterTuningJobConfig": self._config()}

    def summarized(self) -> Members:
        """Return the tuning job as ListHyperParameterTuningJobs does."""
        record = self._record
        return {
            "HyperParameterTuningJobName": record.name,
            "HyperParameterTuningJobArn": tuning_job_arn(self._settings, record.name),
            "HyperParameterTuningJobStatus": record.status,
            "Strategy": self._asked.strategy,
            "CreationTime": record.created_at,
            "HyperParameterTuningEndTime": record.state.get("ended_at"),
            "LastModifiedTime": max(
                [record.modified_at, *(child.record.modified_at for child in self.children)]
            ),
            "TrainingJobStatusCounters": status_counters(self.children),
            "ObjectiveStatusCounters": objective_counters(self.children),
            "ResourceLimits": self._limits(),
        }

    def child(self, child: Child) -> Members:
        """Return a training job as ListTrainingJobsForHyperParameterTuningJob does."""
        record, asked = child.record, self._asked
        results = record.results
        final = None
        if child.value is not None:
            final = objective.described(asked.objective, child.value)
        return {
            "TrainingJobDefinitionName": asked.definition.get("DefinitionName"),
            "TrainingJobName": child.name,
            "TrainingJobArn": training_job_arn(self._settings, child.name),
            "CreationTime": record.created_at,
            "TrainingStartTime": results.get("training_started_at"),
            "TrainingEndTime": results.get("training_ended_at"),
            "TrainingJobStatus": record.status,
            "TunedHyperParameters": {
                one.name: child.hyperparameters.get(one.name, "") for one in asked.ranges
            },
            "FailureReason": results.get("failure_reason"),
            "FinalHyperParameterTuningJobObjectiveMetric": final,
            "ObjectiveStatus": child.objective_status,
        }

    def _best(self, children: Sequence[Child]) -> Members | None:
        best = best_child(children, self._asked.objective)
        return None if best is None else self.child(best)

    def _overall_best(self) -> Members | None:
        """Return the best of this tuning job and its parents, which had the same data."""
        asked = self._asked
        if not asked.is_identical:
            return None
        everyone = list(self.children)
        for parent in asked.parents:
            everyone += read_children(self._store, parent, asked.objective)
        best = best_child(everyone, asked.objective)
        return (
            None if best is None else {**self.child(best), "TuningJobName": best.record.tuning_job}
        )

    def _config(self) -> Members:
        given = self._record.request["HyperParameterTuningJobConfig"]
        ranges = given.get("ParameterRanges") or {}
        return {
            "TrainingJobEarlyStoppingType": "Off",
            **given,
            "ResourceLimits": self._limits(),
            "ParameterRanges": {name: _scaled(name, ranges.get(name) or []) for name in _RANGES},
        }

    def _limits(self) -> Members:
        given = self._record.request["HyperParameterTuningJobConfig"]["ResourceLimits"]
        return {"MaxNumberOfTrainingJobs": self._asked.limits.jobs, **given}


def _scaled(name: str, ranges: list[Any]) -> list[Any]:
    numeric = name != "CategoricalParameterRanges"
    return [{"ScalingType": "Auto", **one} for one in ranges] if numeric else ranges


def _definition(asked: TuningRequest) -> Members:
    given = dict(asked.definition)
    return {
        **given,
        **{name: given.get(name, False) for name in FLAGS},
        "StaticHyperParameters": {
            **static_hyperparameters(given),
            objective.TUNING_OBJECTIVE: asked.objective.metric,
        },
        "AlgorithmSpecification": _algorithm(given["AlgorithmSpecification"]),
        "InputDataConfig": [described_channel(channel) for channel in given["InputDataConfig"]],
        "OutputDataConfig": {"KmsKeyId": "", **given["OutputDataConfig"]},
        # The SageMaker SDK asks by HyperParameterTuningResourceConfig, and attaches by this one.
        "ResourceConfig": resource_config(given),
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS,
            **given["StoppingCondition"],
        },
    }


def _algorithm(given: Members) -> Members:
    described = described_algorithm(given)
    del described["EnableSageMakerMetricsTimeSeries"]
    return described
