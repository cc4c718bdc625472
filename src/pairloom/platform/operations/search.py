"""Search over training jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.search_filters import matches, sort_key
from pairloom.platform.operations.tags import as_list
from pairloom.platform.operations.training_job_answers import described
from pairloom.platform.protocol.errors import validation_error
from pairloom.platform.store import TrainingJobRecord

_PAGE: Final = 100
# What Search's TrainingJob has of a described job; `Tags` come on top.
_NOT_SEARCHED: Final = frozenset({"ProfilingStatus", "RemoteDebugConfig", "InfraCheckConfig"})


def search(platform: Platform, request: Members) -> Members:
    """Find training jobs by what they hold."""
    if request["Resource"] != "TrainingJob":
        raise validation_error(
            f"Resource {request['Resource']} is not searched by Pairloom; must be TrainingJob"
        )
    for refused in ("VisibilityConditions", "CrossAccountFilterOption"):
        if request.get(refused, "SameAccount") != "SameAccount":
            raise validation_error(f"{refused} is not supported by Pairloom: there is one account")
    expression = request.get("SearchExpression", {})
    tags = platform.store.all_tags()
    records = [_record(platform, job, tags) for job in platform.store.training_jobs()]
    found = [
        (searched, record)
        for record in records
        if matches(searched := _searched(record), expression)
    ]
    by = request.get("SortBy", "LastModifiedTime")
    found.sort(
        key=lambda one: sort_key(one[0], by),
        reverse=request.get("SortOrder", "Descending") == "Descending",
    )
    shown, following = page(found, request.get("NextToken"), request.get("MaxResults", _PAGE))
    return {
        "Results": [{"TrainingJob": record} for _, record in shown],
        "NextToken": following,
        "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
    }


def _record(
    platform: Platform, job: TrainingJobRecord, tags: Mapping[str, Mapping[str, str]]
) -> Members:
    record = described(job, platform.settings)
    kept = {name: value for name, value in record.items() if name not in _NOT_SEARCHED}
    own = tags.get(record["TrainingJobArn"])
    return {**kept, "Tags": as_list(own)} if own else kept


def _searched(record: Members) -> Members:
    """Return a record with what filters may name besides: `Metrics.<name>`, `Tags.<key>`."""
    metrics = {
        metric["MetricName"]: metric["Value"] for metric in record.get("FinalMetricDataList", [])
    }
    tags = {tag["Key"]: tag["Value"] for tag in record.get("Tags", [])}
    return {**record, "Metrics": metrics, "Tags": tags}
