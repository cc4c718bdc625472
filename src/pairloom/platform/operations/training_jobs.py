"""Training jobs: create, describe, list, stop."""

from __future__ import annotations

from typing import Final

from pairloom.platform.operations.pages import place_of, token
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.training_job_answers import (
    described,
    summarized,
    training_job_arn,
)
from pairloom.platform.operations.training_job_rules import check_training_job
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.store import (
    AlreadyExistsError,
    NotFoundError,
    TrainingJobQuery,
    TrainingJobRecord,
)

_PAGE: Final = 10


def create_training_job(platform: Platform, request: Members) -> Members:
    """Queue a job."""
    check_training_job(request)
    name = request["TrainingJobName"]
    arn = training_job_arn(platform.settings, name)
    try:
        platform.store.create_training_job(name, request)
    except AlreadyExistsError:
        raise ApiError(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a job with this name "
            f"already exists ({arn})",
        ) from None
    platform.store.add_tags(arn, {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])})
    return {"TrainingJobArn": arn}


def describe_training_job(platform: Platform, request: Members) -> Members:
    """Tell all about a job."""
    return described(_job(platform, request["TrainingJobName"]), platform.settings)


def list_training_jobs(platform: Platform, request: Members) -> Members:
    """List jobs by name, status and time."""
    limit = request.get("MaxResults", _PAGE)
    query = TrainingJobQuery(
        name_contains=request.get("NameContains"),
        status=request.get("StatusEquals"),
        created_after=request.get("CreationTimeAfter"),
        created_before=request.get("CreationTimeBefore"),
        modified_after=request.get("LastModifiedTimeAfter"),
        modified_before=request.get("LastModifiedTimeBefore"),
        sort_by=request.get("SortBy", "CreationTime"),
        descending=request.get("SortOrder") == "Descending",
        after=place_of(str, request.get("NextToken")),
        limit=limit + 1,
    )
    # No job has a warm pool or a training plan, so none can have the one that is asked for.
    asks_for_none = {"WarmPoolStatusEquals", "TrainingPlanArnEquals"} & request.keys()
    try:
        jobs = [] if asks_for_none else platform.store.training_jobs(query)
    except NotFoundError:
        raise validation_error("Invalid NextToken: it names a job that is not there") from None
    shown = jobs[:limit]
    return {
        "TrainingJobSummaries": [summarized(job, platform.settings) for job in shown],
        "NextToken": token(shown[-1].name) if len(jobs) > limit else None,
    }


def stop_training_job(platform: Platform, request: Members) -> Members:
    """Ask a job to stop."""
    job = _job(platform, request["TrainingJobName"])
    if job.has_ended:
        raise validation_error(
            f"The request was rejected because the training job is in status {job.status}."
        )
    platform.store.request_stop(job.name)
    return {}


def _job(platform: Platform, name: str) -> TrainingJobRecord:
    job = platform.store.training_job(name)
    if job is None:
        raise validation_error("Requested resource not found.")
    return job
