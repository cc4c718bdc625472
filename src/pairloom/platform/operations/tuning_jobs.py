"""Tuning jobs: create, describe, list, stop, and the list of their training jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pairloom.platform.operations.job_errors import not_running
from pairloom.platform.operations.pages import page, record_page, record_query
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.tags import keep_tags
from pairloom.platform.operations.training_job_answers import tuning_job_arn
from pairloom.platform.operations.tuning_job_answers import TuningJobAnswers
from pairloom.platform.operations.tuning_job_rules import check_tuning_job
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.store import AlreadyExistsError, ResourceQuery, ResourceRecord
from pairloom.platform.tuning.children import Child
from pairloom.platform.tuning.tuning_request import ACTIVE

_PAGE: Final = 10
_VALUE: Final = "FinalObjectiveMetricValue"
_CHILD_ORDERS: Final[dict[str, Callable[[Child], Any]]] = {
    "Name": lambda child: child.name,
    "CreationTime": lambda child: (child.record.created_at, child.name),
    "Status": lambda child: (child.record.status, child.name),
    _VALUE: lambda child: (child.value, child.name),
}


def create_tuning_job(platform: Platform, request: Members) -> Members:
    """Begin a tuning job."""
    check_tuning_job(platform, request)
    name = request["HyperParameterTuningJobName"]
    arn = tuning_job_arn(platform.settings, name)
    try:
        with platform.store.together():
            platform.store.tuning_jobs.create(name, request, status="InProgress")
            keep_tags(platform, arn, request.get("Tags", []))
    except AlreadyExistsError:
        raise ApiError(
            "ResourceInUse",
            f"A hyperparameter tuning job with the name {name} already exists ({arn}); choose "
            "another name",
        ) from None
    return {"HyperParameterTuningJobArn": arn}


def describe_tuning_job(platform: Platform, request: Members) -> Members:
    """Tell all about a tuning job."""
    return TuningJobAnswers(platform, _tuning_job(platform, request)).described()


def list_tuning_jobs(platform: Platform, request: Members) -> Members:
    """List tuning jobs by name, status and time."""
    query = record_query(ResourceQuery, {"SortBy": "Name", **request}, order="Ascending")
    shown, following = record_page(platform.store.tuning_jobs.find(query), query)
    return {
        "HyperParameterTuningJobSummaries": [
            TuningJobAnswers(platform, record).summarized() for record in shown
        ],
        "NextToken": following,
    }


def list_training_jobs_of_tuning_job(platform: Platform, request: Members) -> Members:
    """List the training jobs of one tuning job; by objective, only those that have one."""
    answers = TuningJobAnswers(platform, _tuning_job(platform, request))
    status, sort_by = request.get("StatusEquals"), request.get("SortBy", "Name")
    listed = [
        child
        for child in answers.children
        if status in {None, child.record.status} and (sort_by != _VALUE or child.value is not None)
    ]
    listed.sort(key=_CHILD_ORDERS[sort_by], reverse=request.get("SortOrder") == "Descending")
    shown, following = page(listed, request.get("NextToken"), request.get("MaxResults", _PAGE))
    return {
        "TrainingJobSummaries": [answers.child(child) for child in shown],
        "NextToken": following,
    }


def stop_tuning_job(platform: Platform, request: Members) -> Members:
    """Ask a tuning job and its training jobs to stop."""
    record = _tuning_job(platform, request)
    asked = platform.store.tuning_jobs.request_stop(record.name, only_if={"InProgress"})
    if asked.status not in ACTIVE:
        raise not_running("hyperparameter tuning job", asked.status)
    return {}


def _tuning_job(platform: Platform, request: Members) -> ResourceRecord:
    name = request["HyperParameterTuningJobName"]
    record = platform.store.tuning_jobs.get(name)
    if record is None:
        raise ApiError(
            "ResourceNotFound",
            f"Amazon SageMaker can't find a tuning job with the name {name}. Specify a valid "
            "tuning job name.",
        )
    return record
