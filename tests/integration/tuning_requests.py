"""Requests for tuning jobs, as the SDK's HyperparameterTuner sends them."""

from __future__ import annotations

from typing import Any

IMAGE = "174872318107.dkr.ecr.us-west-2.amazonaws.com/factorization-machines:1"
STATIC = {
    "feature_dim": "6",
    "num_factors": "2",
    "predictor_type": "binary_classifier",
    "mini_batch_size": "50",
}
OBJECTIVE = {"Type": "Minimize", "MetricName": "test:binary_classification_cross_entropy"}


def continuous(name: str, low: str, high: str, scaling: str = "Auto") -> dict[str, str]:
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}


def ranges(
    *numeric: dict[str, str], integers: Any = (), categories: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """Return ParameterRanges of continuous, integer and categorical ranges."""
    return {
        "ContinuousParameterRanges": list(numeric),
        "IntegerParameterRanges": list(integers),
        "CategoricalParameterRanges": [
            {"Name": name, "Values": values} for name, values in (categories or {}).items()
        ],
    }


RANGES = ranges(continuous("factors_lr", "0.0001", "0.1", "Logarithmic"))


def tuning_request(name: str, **members: Any) -> dict[str, Any]:
    """Return a request; members of the configuration, the definition and the rest by their names.

    `jobs`, left out when None, and `parallel` are limits; `static` is added to the static
    hyperparameters.
    """
    jobs, parallel = members.pop("jobs", 4), members.pop("parallel", 2)
    limits = {"MaxParallelTrainingJobs": parallel}
    if jobs is not None:
        limits["MaxNumberOfTrainingJobs"] = jobs
    static = {**STATIC, **members.pop("static", {})}
    uri = members.pop("uri", "s3://jobs/in")
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": OBJECTIVE,
        "ResourceLimits": limits,
        "ParameterRanges": RANGES,
        "TrainingJobEarlyStoppingType": "Off",
    }
    definition = {
        "StaticHyperParameters": static,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::111122223333:role/PairloomExecutionRole",
        "InputDataConfig": [_channel(part, f"{uri}/{part}") for part in ("train", "test")],
        "OutputDataConfig": {"S3OutputPath": "s3://jobs/out"},
        "ResourceConfig": {
            "InstanceType": "ml.c5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Environment": {"TZ": "UTC"},
    }
    for part, optional in ((config, _OPTIONAL), (definition, ())):
        for member in [member for member in members if member in part or member in optional]:
            part[member] = members.pop(member)
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": definition,
        **members,
    }


_OPTIONAL = ("StrategyConfig", "TuningJobCompletionCriteria", "RandomSeed")


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
