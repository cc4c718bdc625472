"""Transform jobs: create, describe, list, stop."""

from __future__ import annotations

from pairloom.errors import UserError
from pairloom.platform.objectstore.objects import Location
from pairloom.platform.operations.job_errors import name_taken, not_running
from pairloom.platform.operations.pages import record_page, record_query
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.request_rules import check_tags
from pairloom.platform.operations.tags import keep_tags
from pairloom.platform.operations.transform_job_answers import (
    described,
    summarized,
    transform_job_arn,
)
from pairloom.platform.protocol.errors import validation_error
from pairloom.platform.store import AlreadyExistsError, ResourceQuery, ResourceRecord
from pairloom.platform.transform.transform_course import IN_PROGRESS, UNFINISHED
from pairloom.platform.transform.transform_request import read_transform


def create_transform_job(platform: Platform, request: Members) -> Members:
    """Queue a job, for the model as it is now."""
    name = request["TransformJobName"]
    model = platform.store.models.get(request["ModelName"])
    if model is None:
        arn = platform.settings.arn("model", request["ModelName"])
        raise validation_error(f'Could not find model "{arn}".')
    check_tags(request.get("Tags", []))
    try:
        asked = read_transform(request, model.request)
        for uri in (asked.source.uri, asked.output_uri):
            Location.parse(uri)
    except UserError as error:
        raise validation_error(str(error)) from error
    arn = transform_job_arn(platform.settings, name)
    try:
        with platform.store.together():
            platform.store.transform_jobs.create(
                name, request, status=IN_PROGRESS, model=model.request
            )
            keep_tags(platform, arn, request.get("Tags", []))
    except AlreadyExistsError:
        raise name_taken(arn) from None
    return {"TransformJobArn": arn}


def describe_transform_job(platform: Platform, request: Members) -> Members:
    """Tell all about a job."""
    return described(_job(platform, request["TransformJobName"]), platform.settings)


def list_transform_jobs(platform: Platform, request: Members) -> Members:
    """List jobs by name, status and time."""
    query = record_query(ResourceQuery, request, order="Descending")
    shown, next_token = record_page(platform.store.transform_jobs.find(query), query)
    return {
        "TransformJobSummaries": [summarized(job, platform.settings) for job in shown],
        "NextToken": next_token,
    }


def stop_transform_job(platform: Platform, request: Members) -> Members:
    """Ask a job to stop."""
    job = _job(platform, request["TransformJobName"])
    if job.status not in UNFINISHED:
        raise not_running("transform job", job.status)
    platform.store.transform_jobs.request_stop(job.name, only_if={IN_PROGRESS})
    return {}


def _job(platform: Platform, name: str) -> ResourceRecord:
    job = platform.store.transform_jobs.get(name)
    if job is None:
        arn = transform_job_arn(platform.settings, name)
        raise validation_error(f'Could not find transform job "{arn}".')
    return job
