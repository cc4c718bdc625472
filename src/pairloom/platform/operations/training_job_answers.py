"""Training jobs as DescribeTrainingJob, ListTrainingJobs and Search show them."""

from __future__ import annotations

from typing import Final

from pairloom.platform.jobs.metric_definitions import SAGEMAKER_DEFINITIONS
from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.platform import Members
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import TrainingJobRecord

DEFAULT_RUNTIME_SECONDS: Final = 86_400
FLAGS: Final = (
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


def tuning_job_arn(settings: PlatformSettings, name: str) -> str:
    """Return a tuning job's ARN."""
    return settings.arn("hyper-parameter-tuning-job", name)


def described(job: TrainingJobRecord, settings: PlatformSettings) -> Members:
    """Return a job as DescribeTrainingJob does: without empty structures, as AWS."""
    request, results = job.request, job.results
    artifacts = results.get("model_artifacts")
    answer: Members = {
        "TrainingJobName": job.name,
        "TrainingJobArn": training_job_arn(settings, job.name),
        "TuningJobArn": tuning_job_arn(settings, job.tuning_job) if job.tuning_job else None,
        "ModelArtifacts": {"S3ModelArtifacts": artifacts} if artifacts else None,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "FailureReason": results.get("failure_reason"),
        **{name: request.get(name) for name in _AS_GIVEN},
        **{name: request.get(name, False) for name in FLAGS},
        "AlgorithmSpecification": described_algorithm(request["AlgorithmSpecification"]),
        "InputDataConfig": [
            described_channel(channel) for channel in request.get("InputDataConfig", [])
        ],
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
    kept: Members = without_empty(answer)
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


def described_algorithm(algorithm: Members) -> Members:
    """Return an AlgorithmSpecification with what SageMaker adds to it."""
    return {
        "EnableSageMakerMetricsTimeSeries": False,
        **algorithm,
        "MetricDefinitions": algorithm.get("MetricDefinitions")
        or [{"Name": name, "Regex": regex} for name, regex in SAGEMAKER_DEFINITIONS.items()],
    }


def described_channel(channel: Members) -> Members:
    """Return a channel with its defaults."""
    return {"CompressionType": "None", "RecordWrapperType": "None", **channel}
