"""Search over training jobs."""

from __future__ import annotations

from typing import Final

from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.search_filters import matches, sort_key
from pairloom.platform.operations.tags import tag_list
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
    found = [
        record
        for job in platform.store.training_jobs()
        if matches(_searched(record := _record(platform, job)), expression)
    ]
    by = request.get("SortBy", "LastModifiedTime")
    found.sort(
        key=lambda record: sort_key(_searched(record), by),
        reverse=request.get("SortOrder", "Descending") == "Descending",
    )
    shown, following = page(found, request.get("NextToken"), request.get("MaxResults", _PAGE))
    return {
        "Results": [{"TrainingJob": record} for record in shown],
        "NextToken": following,
        "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
    }


def _record(platform: Platform, job: TrainingJobRecord) -> Members:
    record = described(job, platform.settings)
    kept = {name: value for name, value in record.items() if name not in _NOT_SEARCHED}
    tags = tag_list(platform, record["TrainingJobArn"])
    return {**kept, "Tags": tags} if tags else kept


def _searched(record: Members) -> Members:
    """Return a record with what filters may name besides: `Metrics.<name>`, `Tags.<key>`."""
    metrics = {
        metric["MetricName"]: metric["Value"] for metric in record.get("FinalMetricDataList", [])
    }
    tags = {tag["Key"]: tag["Value"] for tag in record.get("Tags", [])}
    return {**record, "Metrics": metrics, "Tags": tags}
