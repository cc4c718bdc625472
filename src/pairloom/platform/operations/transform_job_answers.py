"""Transform jobs as DescribeTransformJob and ListTransformJobs show them."""

from __future__ import annotations

from typing import Final

from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.platform import Members
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import ResourceRecord

_AS_GIVEN: Final = (
    "ModelName",
    "MaxConcurrentTransforms",
    "ModelClientConfig",
    "MaxPayloadInMB",
    "BatchStrategy",
    "Environment",
    "TransformResources",
    "ExperimentConfig",
)


def transform_job_arn(settings: PlatformSettings, name: str) -> str:
    """Return a transform job's ARN."""
    return settings.arn("transform-job", name)


def described(job: ResourceRecord, settings: PlatformSettings) -> Members:
    """Return a job as DescribeTransformJob does: with defaults, without empty structures."""
    request = job.request
    answer: Members = {
        "TransformJobName": job.name,
        "TransformJobArn": transform_job_arn(settings, job.name),
        "TransformJobStatus": job.status,
        "FailureReason": job.state.get("failure_reason"),
        **{name: request.get(name) for name in _AS_GIVEN},
        "TransformInput": {
            "CompressionType": "None",
            "SplitType": "None",
            **request["TransformInput"],
        },
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **request.get("DataProcessing", {}),
        },
        "CreationTime": job.created_at,
        "TransformStartTime": job.state.get("started_at"),
        "TransformEndTime": job.state.get("ended_at"),
    }
    kept: Members = without_empty(answer)
    return kept


def summarized(job: ResourceRecord, settings: PlatformSettings) -> Members:
    """Return a job as ListTransformJobs does."""
    return {
        "TransformJobName": job.name,
        "TransformJobArn": transform_job_arn(settings, job.name),
        "CreationTime": job.created_at,
        "TransformEndTime": job.state.get("ended_at"),
        "LastModifiedTime": job.modified_at,
        "TransformJobStatus": job.status,
        "FailureReason": job.state.get("failure_reason"),
    }
