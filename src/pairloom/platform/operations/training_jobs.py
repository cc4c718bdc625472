"""Training jobs: create, describe, list, stop."""

from __future__ import annotations

from pairloom.platform.operations.job_errors import name_taken, not_running
from pairloom.platform.operations.pages import record_page, record_query
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.tags import keep_tags
from pairloom.platform.operations.training_job_answers import (
    described,
    summarized,
    training_job_arn,
)
from pairloom.platform.operations.training_job_rules import check_training_job
from pairloom.platform.protocol.errors import validation_error
from pairloom.platform.store import (
    AlreadyExistsError,
    TrainingJobQuery,
    TrainingJobRecord,
)


def create_training_job(platform: Platform, request: Members) -> Members:
    """Queue a job."""
    check_training_job(request)
    name = request["TrainingJobName"]
    arn = training_job_arn(platform.settings, name)
    try:
        with platform.store.together():
            platform.store.create_training_job(name, request)
            keep_tags(platform, arn, request.get("Tags", []))
    except AlreadyExistsError:
        raise name_taken(arn) from None
    return {"TrainingJobArn": arn}


def describe_training_job(platform: Platform, request: Members) -> Members:
    """Tell all about a job."""
    return described(_job(platform, request["TrainingJobName"]), platform.settings)


def list_training_jobs(platform: Platform, request: Members) -> Members:
    """List jobs by name, status and time."""
    query = record_query(TrainingJobQuery, request, order="Ascending")
    # No job has a warm pool or a training plan, so none can have the one that is asked for.
    asks_for_none = {"WarmPoolStatusEquals", "TrainingPlanArnEquals"} & request.keys()
    jobs = [] if asks_for_none else platform.store.training_jobs(query)
    shown, next_token = record_page(jobs, query)
    return {
        "TrainingJobSummaries": [summarized(job, platform.settings) for job in shown],
        "NextToken": next_token,
    }


def stop_training_job(platform: Platform, request: Members) -> Members:
    """Ask a job to stop."""
    job = _job(platform, request["TrainingJobName"])
    if job.has_ended:
        raise not_running("training job", job.status)
    platform.store.request_stop(job.name)
    return {}


def _job(platform: Platform, name: str) -> TrainingJobRecord:
    job = platform.store.training_job(name)
    if job is None:
        raise validation_error("Requested resource not found.")
    return job
