"""What becomes of each field of CreateTrainingJob: it is honoured, ignored or refused.

Fields are named by their path; a field that is not named goes with the one above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pairloom.errors import UserError

HONOURED: Final = frozenset(
    {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "RoleArn",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "Tags",
        "CheckpointConfig",
        "Environment",
    }
)

IGNORED: Final = {
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "metrics have one resolution",
    "AlgorithmSpecification.TrainingImageConfig": "no image is pulled",
    "InputDataConfig.CompressionType": "files wrapped by gzip are recognized by themselves",
    "ResourceConfig.InstanceType": "every job runs on this machine",
    "ResourceConfig.KeepAlivePeriodInSeconds": "there is no instance to keep",
    "ResourceConfig.InstancePlacementConfig": "every job runs on this machine",
    "ResourceConfig.TrainingPlanArn": "there are no training plans",
    "StoppingCondition.MaxWaitTimeInSeconds": "there are no spot instances",
    "StoppingCondition.MaxPendingTimeInSeconds": "a job waits until a core is free",
    "CheckpointConfig.LocalPath": "checkpoints lie in /opt/ml/checkpoints",
    "VpcConfig": "jobs open no connections",
    "EnableNetworkIsolation": "jobs open no connections",
    "EnableInterContainerTrafficEncryption": "a job is one process",
    "EnableManagedSpotTraining": "there are no spot instances",
    "DebugHookConfig": "there is no debugger",
    "DebugRuleConfigurations": "there is no debugger",
    "TensorBoardOutputConfig": "nothing is written for TensorBoard",
    "ExperimentConfig": "there are no experiments",
    "ProfilerConfig": "there is no profiler",
    "ProfilerRuleConfigurations": "there is no profiler",
    "RetryStrategy": "jobs go on by themselves after a crash of the platform",
    "RemoteDebugConfig": "there is no remote debugging",
    "InfraCheckConfig": "there is no infrastructure to check",
    "SessionChainingConfig": "there are no sessions",
}

REFUSED: Final = {
    "AlgorithmSpecification.AlgorithmName": "name an image in TrainingImage",
    "AlgorithmSpecification.ContainerEntrypoint": "the train program alone is run",
    "AlgorithmSpecification.ContainerArguments": "the train program alone is run",
    "InputDataConfig.DataSource.FileSystemDataSource": "data are read from S3",
    "InputDataConfig.DataSource.DatasetSource": "data are read from S3",
    "InputDataConfig.DataSource.S3DataSource.AttributeNames": "there are no augmented manifests",
    "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames": "all instances get each channel",
    "InputDataConfig.DataSource.S3DataSource.ModelAccessConfig": "data are read from S3",
    "InputDataConfig.DataSource.S3DataSource.HubAccessConfig": "there is no hub",
    "OutputDataConfig.KmsKeyId": "nothing is encrypted by KMS",
    "ResourceConfig.VolumeKmsKeyId": "nothing is encrypted by KMS",
    "ServerlessJobConfig": "there are no base models",
    "MlflowConfig": "there is no MLflow",
    "ModelPackageConfig": "there is no model registry",
}


def fate(path: str) -> str | None:
    """Return what becomes of a field: `honoured`, `ignored`, `refused`, or None if nobody said."""
    while path:
        for name, fields in (("ignored", IGNORED), ("refused", REFUSED), ("honoured", HONOURED)):
            if path in fields:
                return name
        path = path.rpartition(".")[0]
    return None


def refuse_fields(request: Mapping[str, Any]) -> None:
    """Refuse a request that asks for what is not done here.

    Raises
    ------
    UserError
        Names the field and says why.
    """
    for path in _given(request):
        if path in REFUSED:
            raise UserError(f"{path} is not supported by Pairloom: {REFUSED[path]}")


def ignored_fields(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a request that change nothing, and why."""
    return {path: IGNORED[path] for path in _given(request) if path in IGNORED}


def _given(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths that hold anything; false, empty text and empty lists ask for nothing."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            below = f"{path}.{name}" if path else name
            if item not in (None, "", False) and item not in ([], {}):
                yield below
                yield from _given(item, below)
    elif isinstance(value, list):
        for item in value:
            yield from _given(item, path)
