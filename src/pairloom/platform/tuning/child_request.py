"""The CreateTrainingJob request of one training job of a tuning job, and its name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from pairloom.container.environment import REPORT
from pairloom.platform.tuning.objective import TUNING_OBJECTIVE, Objective
from pairloom.platform.tuning.tuning_request import static_hyperparameters

_AS_GIVEN: Final = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
)


def child_name(tuning_job: str, created_at: float, number: int) -> str:
    """Return the name of a tuning job's training job; numbers count from 1.

    It is a function of these alone: what is created again after a crash has the name it had.
    """
    told = hashlib.sha256(f"{tuning_job} {created_at} {number}".encode()).hexdigest()
    return f"{tuning_job}-{number:03d}-{told[:8]}"


def child_request(
    name: str, definition: Mapping[str, Any], objective: Objective, tuned: Mapping[str, str]
) -> dict[str, Any]:
    """Return the request of the training job of a name, with these values of what is tuned."""
    request = {member: definition[member] for member in _AS_GIVEN if member in definition}
    if "CheckpointConfig" in request:  # each job's own, for they train with other settings
        given = request["CheckpointConfig"]
        request["CheckpointConfig"] = {**given, "S3Uri": f"{given['S3Uri'].rstrip('/')}/{name}"}
    return {
        **request,
        "TrainingJobName": name,
        "ResourceConfig": resource_config(definition),
        # Drawing takes longer than a small training job does.
        "Environment": {REPORT: "false", **(definition.get("Environment") or {})},
        "HyperParameters": {
            **static_hyperparameters(definition),
            **tuned,
            TUNING_OBJECTIVE: objective.metric,
        },
    }


def resource_config(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition's ResourceConfig, or what stands for it."""
    of_tuning = definition.get("HyperParameterTuningResourceConfig")
    if of_tuning is None:
        return dict(definition.get("ResourceConfig") or {})
    choices = of_tuning.get("InstanceConfigs") or [of_tuning]
    kept = ("InstanceType", "InstanceCount", "VolumeSizeInGB")
    return {member: choices[0][member] for member in kept if member in choices[0]}
