"""Training jobs as DescribeTrainingJob, ListTrainingJobs and Search show them."""

from __future__ import annotations

from typing import Any, Final

from pairloom.platform.jobs.metric_definitions import SAGEMAKER_DEFINITIONS
from pairloom.platform.operations.platform import Members
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import TrainingJobRecord

DEFAULT_RUNTIME_SECONDS: Final = 86_400
_FLAGS: Final = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)
_AS_GIVEN: Final = (
    "HyperParameters",
    "RoleArn",
    "ResourceConfig",
    "VpcConfig",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)


def training_job_arn(settings: PlatformSettings, name: str) -> str:
    """Return a training job's ARN."""
    return settings.arn("training-job", name)


def described(job: TrainingJobRecord, settings: PlatformSettings) -> Members:
    """Return a job as DescribeTrainingJob does: without empty structures, as AWS."""
    request, results = job.request, job.results
    artifacts = results.get("model_artifacts")
    answer: Members = {
        "TrainingJobName": job.name,
        "TrainingJobArn": training_job_arn(settings, job.name),
        "ModelArtifacts": {"S3ModelArtifacts": artifacts} if artifacts else None,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "FailureReason": results.get("failure_reason"),
        **{name: request.get(name) for name in _AS_GIVEN},
        **{name: request.get(name, False) for name in _FLAGS},
        "AlgorithmSpecification": _algorithm(request["AlgorithmSpecification"]),
        "InputDataConfig": [_channel(channel) for channel in request.get("InputDataConfig", [])],
        "OutputDataConfig": {"KmsKeyId": "", **request["OutputDataConfig"]},
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS,
            **request.get("StoppingCondition", {}),
        },
        **_times(job),
        "SecondaryStatusTransitions": [
            {
                "Status": step.status,
                "StartTime": step.started_at,
                "EndTime": step.ended_at,
                "StatusMessage": step.message,
            }
            for step in job.transitions
        ],
        "FinalMetricDataList": results.get("final_metrics"),
        "TrainingTimeInSeconds": results.get("training_seconds"),
        "BillableTimeInSeconds": results.get("billable_seconds"),
        "ProfilingStatus": "Disabled",
    }
    kept: Members = _without_empty(answer)
    return kept


def summarized(job: TrainingJobRecord, settings: PlatformSettings) -> Members:
    """Return a job as ListTrainingJobs does."""
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": training_job_arn(settings, job.name),
        "CreationTime": job.created_at,
        "TrainingEndTime": job.results.get("training_ended_at"),
        "LastModifiedTime": job.modified_at,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
    }


def _times(job: TrainingJobRecord) -> Members:
    return {
        "CreationTime": job.created_at,
        "TrainingStartTime": job.results.get("training_started_at"),
        "TrainingEndTime": job.results.get("training_ended_at"),
        "LastModifiedTime": job.modified_at,
    }


def _algorithm(algorithm: Members) -> Members:
    return {
        "EnableSageMakerMetricsTimeSeries": False,
        **algorithm,
        "MetricDefinitions": algorithm.get("MetricDefinitions")
        or [{"Name": name, "Regex": regex} for name, regex in SAGEMAKER_DEFINITIONS.items()],
    }


def _channel(channel: Members) -> Members:
    return {"CompressionType": "None", "RecordWrapperType": "None", **channel}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [_without_empty(item) for item in value] or None
    return value
