"""Every paginator and waiter that boto3 has for the operations of the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import boto3
import pytest
from botocore import xform_name

from integration.hosting import bring_into_service, make_config
from integration.platform_api import RunningApi, job_request
from integration.tuning_requests import tuning_request
from pairloom.platform.operations import OPERATIONS
from pairloom.platform.store import LogEvent, MetricPoint

ARN: Final = "arn:aws:sagemaker:us-east-1:111122223333"
COUNT: Final = 5
STREAMS: Final = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "paged"}
Case = tuple[dict[str, Any], Callable[[dict[str, Any]], list[str]]]


def _named(key: str, name: str) -> Callable[[dict[str, Any]], list[str]]:
    return lambda page: [one[name] for one in page[key]]


def _tuned(page: dict[str, Any]) -> list[str]:
    names = _named("TrainingJobSummaries", "TrainingJobName")(page)
    return [name.replace("tuned", "paged").removesuffix("-") for name in names]


def _metric_values(page: dict[str, Any]) -> list[str]:
    return [f"paged-{value:g}" for one in page["MetricDataResults"] for value in one["Values"]]


METRIC: Final = {
    "StartTime": "1970-01-01T00:00:00Z",
    "EndTime": "1970-01-01T01:00:00Z",
    "ScanBy": "TimestampAscending",
    "MetricDataQueries": [
        {
            "Id": "rmse",
            "MetricStat": {
                "Metric": {
                    "Namespace": "/aws/sagemaker/TrainingJobs",
                    "MetricName": "train:rmse",
                    "Dimensions": [{"Name": "TrainingJobName", "Value": "paged-0"}],
                },
                "Period": 60,
                "Stat": "Average",
            },
        }
    ],
}
BY_NAME: Final = {"NameContains": "paged-", "SortBy": "Name", "SortOrder": "Ascending"}
SEARCH: Final = {
    "Resource": "TrainingJob",
    "SortBy": "TrainingJobName",
    "SortOrder": "Ascending",
    "SearchExpression": {
        "Filters": [{"Name": "TrainingJobName", "Operator": "Contains", "Value": "paged-"}]
    },
}
ROLE: Final = "arn:aws:iam::111122223333:role/PairloomExecutionRole"
# What is asked for and what a page holds: paged-0 to paged-4 in order, by pages of two.
CASES: Final[dict[tuple[str, str], Case]] = {
    ("sagemaker", "ListTrainingJobs"): (
        BY_NAME,
        _named("TrainingJobSummaries", "TrainingJobName"),
    ),
    ("sagemaker", "ListModels"): (BY_NAME, _named("Models", "ModelName")),
    ("sagemaker", "ListEndpointConfigs"): (
        BY_NAME,
        _named("EndpointConfigs", "EndpointConfigName"),
    ),
    ("sagemaker", "ListEndpoints"): (BY_NAME, _named("Endpoints", "EndpointName")),
    ("sagemaker", "ListTransformJobs"): (
        BY_NAME,
        _named("TransformJobSummaries", "TransformJobName"),
    ),
    ("sagemaker", "ListHyperParameterTuningJobs"): (
        BY_NAME,
        _named("HyperParameterTuningJobSummaries", "HyperParameterTuningJobName"),
    ),
    ("sagemaker", "ListTrainingJobsForHyperParameterTuningJob"): (
        {"HyperParameterTuningJobName": "paged-0", "SortBy": "Name", "SortOrder": "Ascending"},
        _tuned,
    ),
    ("sagemaker", "ListTags"): (
        {"ResourceArn": f"{ARN}:model/paged-0"},
        _named("Tags", "Key"),
    ),
    ("sagemaker", "Search"): (
        SEARCH,
        lambda page: [one["TrainingJob"]["TrainingJobName"] for one in page["Results"]],
    ),
    ("logs", "DescribeLogStreams"): (STREAMS, _named("logStreams", "logStreamName")),
    ("logs", "FilterLogEvents"): (STREAMS, _named("events", "message")),
    ("cloudwatch", "GetMetricData"): (METRIC, _metric_values),
    ("iam", "SimulatePrincipalPolicy"): (
        {"PolicySourceArn": ROLE, "ActionNames": [f"paged-{index}" for index in range(COUNT)]},
        _named("EvaluationResults", "EvalActionName"),
    ),
}

PAGE_SIZES: Final = {"ListTags": 50}  # the fewest that may be asked for, and all that there are
# A page of events has a token even when there is no event after it: one may come.
ENDS_EMPTY: Final = {"FilterLogEvents"}


@pytest.fixture(scope="module")
def filled(api: RunningApi, client: Any) -> RunningApi:
    """Return an API that has five of everything that is listed in pages."""
    store = api.store
    for index in range(COUNT):
        name = f"paged-{index}"
        client.create_hyper_parameter_tuning_job(**tuning_request(name))
        client.create_training_job(**job_request(name))
        store.create_training_job(f"tuned-{index}-", job_request(name), tuning_job="paged-0")
        make_config(client, name)
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        client.create_transform_job(**_transform(name))
        tags = [{"Key": name, "Value": ""}]
        client.add_tags(ResourceArn=f"{ARN}:model/paged-0", Tags=tags)
        store.append_log_events(name, [LogEvent(name, time.time())])
        point = MetricPoint("train:rmse", float(index), 60.0 * index)
        store.append_metrics({"TrainingJobName": "paged-0"}, [point])
    return api


def _transform(name: str) -> dict[str, Any]:
    """Return a request for a transform job by the model of its own name."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
    return {
        "TransformJobName": name,
        "ModelName": name,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }


def test_every_operation_that_boto3_pages_is_tested() -> None:
    paged = {
        (service, operation)
        for service, operation in OPERATIONS
        if _client(service).can_paginate(xform_name(operation))
    }
    assert paged == set(CASES)


def _client(service: str) -> Any:
    return boto3.client(
        service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-"
    )


@pytest.mark.parametrize(("service", "operation"), CASES)
def test_pages_hold_everything_once_and_in_order(
    service: str, operation: str, filled: RunningApi
) -> None:
    request, names = CASES[service, operation]
    size = PAGE_SIZES.get(operation, 2)
    paginator = filled.client(service).get_paginator(xform_name(operation))
    pages = list(paginator.paginate(PaginationConfig={"PageSize": size}, **request))
    paged = [f"paged-{index}" for index in range(COUNT)]
    full = [paged[start : start + size] for start in range(0, COUNT, size)]
    assert [names(page) for page in pages] == [*full, *([[]] if operation in ENDS_EMPTY else [])]


WAITERS: Final = {
    "sagemaker": {
        "endpoint_deleted",
        "endpoint_in_service",
        "training_job_completed_or_stopped",
        "transform_job_completed_or_stopped",
    },
    "iam": {"role_exists"},
}


def test_every_waiter_of_the_operations_is_tested() -> None:
    for service in {service for service, _ in OPERATIONS}:
        client = _client(service)
        offered = {name for called, name in OPERATIONS if called == service}
        waiters = {
            name
            for name in client.waiter_names
            if client.get_waiter(name).config.operation in offered
        }
        assert waiters == WAITERS.get(service, set())


def _wait(client: Any, waiter: str, act: Callable[[], object], **request: Any) -> float:
    """Let a waiter wait for what happens half a second later, and return how long it took."""
    later = threading.Timer(0.5, act)
    begun = time.monotonic()
    later.start()
    client.get_waiter(waiter).wait(**request, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    later.join()
    return time.monotonic() - begun


def test_waiters_wait_for_what_they_are_named_after(api: RunningApi, client: Any) -> None:
    store = api.store
    client.create_training_job(**job_request("awaited"))
    stop = partial(store.transition, "awaited", "Stopped", "stopped")
    job = {"TrainingJobName": "awaited"}
    waits = [_wait(client, "training_job_completed_or_stopped", stop, **job)]
    make_config(client, "awaited")
    client.create_endpoint(EndpointName="awaited", EndpointConfigName="awaited")
    client.create_transform_job(**_transform("awaited"))
    finish = partial(store.transform_jobs.change, "awaited", status="Completed")
    transform = {"TransformJobName": "awaited"}
    waits.append(_wait(client, "transform_job_completed_or_stopped", finish, **transform))
    endpoint = {"EndpointName": "awaited"}
    serve = partial(bring_into_service, store, "awaited")
    waits.append(_wait(client, "endpoint_in_service", serve, **endpoint))
    client.delete_endpoint(**endpoint)
    end = partial(store.endpoints.delete, "awaited")
    waits.append(_wait(client, "endpoint_deleted", end, **endpoint))
    iam = api.client("iam")
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'
    role = {"RoleName": "awaited"}
    create = partial(iam.create_role, AssumeRolePolicyDocument=trust, **role)
    waits.append(_wait(iam, "role_exists", create, **role))
    assert min(waits) > 0.5
