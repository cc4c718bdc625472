"""Search over training jobs through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.platform_api import RunningApi, job_request


def _searched(client: Any, *filters: dict[str, str], **asked: Any) -> list[str]:
    expression = {"Filters": list(filters)} if filters else {}
    pages = client.get_paginator("search").paginate(
        Resource="TrainingJob",
        **{"SearchExpression": expression, **asked},
        PaginationConfig={"PageSize": 2},
    )
    return [found["TrainingJob"]["TrainingJobName"] for page in pages for found in page["Results"]]


def _filter(name: str, value: str | None = None, operator: str = "Equals") -> dict[str, str]:
    given = {"Name": name, "Operator": operator}
    return given if value is None else {**given, "Value": value}


def test_search_finds_jobs_by_what_they_hold(api: RunningApi, client: Any) -> None:
    for index, epochs in enumerate((5, 50, 500)):
        client.create_training_job(**job_request(
            f"search-{index}",
            HyperParameters={"epochs": str(epochs)},
            Tags=[{"Key": "run", "Value": f"r{index}"}],
        ))  # fmt: skip
        metric = {"MetricName": "train:rmse", "Value": 1.0 - index / 10, "Timestamp": 1.0}
        api.store.transition(f"search-{index}", "Completed", "", final_metrics=[metric])
    ours = _filter("TrainingJobName", "search-", "Contains")

    def found(*filters: dict[str, str], **asked: Any) -> set[str]:
        return {name[-1] for name in _searched(client, ours, *filters, **asked)}

    assert found() == {"0", "1", "2"}
    assert found(_filter("HyperParameters.epochs", "50", "GreaterThanOrEqualTo")) == {"1", "2"}
    assert found(_filter("HyperParameters.epochs", "50", "LessThan")) == {"0"}
    assert found(_filter("HyperParameters.epochs", "5, 500", "In")) == {"0", "2"}
    assert found(_filter("Metrics.train:rmse", "0.85", "LessThanOrEqualTo")) == {"2"}
    assert found(_filter("Tags.run", "r1")) == {"1"}
    assert found(_filter("Tags.run", "r1", "NotEquals")) == {"0", "2"}
    assert found(_filter("FailureReason", operator="Exists")) == set()
    assert found(_filter("FailureReason", operator="NotExists")) == {"0", "1", "2"}
    assert found(
        _filter("InputDataConfig.DataSource.S3DataSource.S3Uri", "S3://BUCKET", "Contains")
    )
    assert found(_filter("CreationTime", "2026-01-01T00:00:00Z", "GreaterThan")) == {"0", "1", "2"}
    assert found(_filter("ResourceConfig.InstanceCount", "1")) == {"0", "1", "2"}
    by_metric = {"SortBy": "Metrics.train:rmse", "SortOrder": "Ascending"}
    assert _searched(client, ours, **by_metric) == ["search-2", "search-1", "search-0"]
    assert _searched(client, ours) == ["search-2", "search-1", "search-0"]


def test_search_joins_expressions_and_looks_into_lists(client: Any) -> None:
    client.create_training_job(**job_request("joined"))
    nested: dict[str, Any] = {
        "NestedPropertyName": "InputDataConfig",
        "Filters": [
            _filter("InputDataConfig.ChannelName", "train"),
            _filter("InputDataConfig.DataSource.S3DataSource.S3DataType", "S3Prefix"),
        ],
    }
    either = {
        "Operator": "Or",
        "Filters": [_filter("TrainingJobName", "joined"), _filter("TrainingJobName", "none")],
    }
    expression = {"NestedFilters": [nested], "SubExpressions": [either]}
    assert _searched(client, SearchExpression=expression) == ["joined"]
    nested["Filters"] = [_filter("InputDataConfig.ChannelName", "test")]
    assert _searched(client, SearchExpression=expression) == []


def test_search_elsewhere_is_refused(client: Any) -> None:
    with pytest.raises(ClientError, match="Resource Endpoint is not searched by Pairloom"):
        client.search(Resource="Endpoint")
    with pytest.raises(ClientError, match="CrossAccountFilterOption is not supported"):
        client.search(Resource="TrainingJob", CrossAccountFilterOption="CrossAccount")
    with pytest.raises(ClientError, match="Equals needs a Value"):
        client.search(
            Resource="TrainingJob",
            SearchExpression={"Filters": [{"Name": "TrainingJobName"}]},
        )
