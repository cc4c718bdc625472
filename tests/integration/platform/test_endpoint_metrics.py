"""Metrics of endpoints, read by boto3 from CloudWatch after a counted number of requests."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from integration.platform.running_endpoints import RunningEndpoints, variant

pytestmark = pytest.mark.platform
NUM_GOOD: Final = {"A": 7, "B": 3}
NUM_BAD: Final = 2  # of variant B
ENDPOINT: Final = "counted"


@pytest.fixture(scope="module")
def asked(endpoints: RunningEndpoints) -> RunningEndpoints:
    """Ask two variants a known number of times, until CloudWatch has heard of all of it."""
    endpoints.make_model("low", 1.5)
    endpoints.make_config("pair", variant("A", "low", count=2), variant("B", "low"))
    endpoints.wait(endpoints.create(ENDPOINT, "pair"))
    for name, count in NUM_GOOD.items():
        for _ in range(count):
            endpoints.score(ENDPOINT, TargetVariant=name)
    for _ in range(NUM_BAD):
        with pytest.raises(ClientError, match="ModelError"):
            endpoints.invoke(ENDPOINT, body="{}", TargetVariant="B")
    with pytest.raises(ClientError, match="Variant C of endpoint counted not found"):
        endpoints.invoke(ENDPOINT, TargetVariant="C")
    deadline = time.monotonic() + 90
    while total(endpoints, "Invocations", "A") + total(endpoints, "Invocations", "B") < 12:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return endpoints


def about(metric: str, name: str) -> dict[str, Any]:
    dimensions = {"EndpointName": ENDPOINT, "VariantName": name}
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def times() -> dict[str, datetime]:
    now = datetime.now(timezone.utc)
    return {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1)}


def datapoints(
    endpoints: RunningEndpoints, metric: str, name: str, *statistics: str
) -> list[dict[str, Any]]:
    answer = endpoints.api.client("cloudwatch").get_metric_statistics(
        **about(metric, name), **times(), Period=60, Statistics=list(statistics)
    )
    found: list[dict[str, Any]] = answer["Datapoints"]
    return found


def total(endpoints: RunningEndpoints, metric: str, name: str) -> float:
    return float(sum(point["Sum"] for point in datapoints(endpoints, metric, name, "Sum")))


@pytest.mark.parametrize(
    ("metric", "of_a", "of_b"),
    [
        ("Invocations", 7, 5),
        ("InvocationsPerInstance", 3.5, 5),
        ("Invocation4XXErrors", 0, 2),
        ("Invocation5XXErrors", 0, 0),
        ("InvocationModelErrors", 0, 2),
    ],
)
def test_requests_and_errors_are_counted_by_variant(
    asked: RunningEndpoints, metric: str, of_a: float, of_b: float
) -> None:
    assert total(asked, metric, "A") == of_a
    assert total(asked, metric, "B") == of_b
    points = datapoints(asked, metric, "B", "SampleCount")
    assert sum(point["SampleCount"] for point in points) == NUM_GOOD["B"] + NUM_BAD
    assert {point["Unit"] for point in points} == {"None"}
    assert all(point["Timestamp"].second == 0 for point in points)


def test_latencies_are_microseconds_of_all_requests_that_were_answered(
    asked: RunningEndpoints,
) -> None:
    for metric in ("ModelLatency", "OverheadLatency"):
        points = datapoints(asked, metric, "B", "SampleCount", "Sum", "Minimum", "Maximum")
        assert sum(point["SampleCount"] for point in points) == NUM_GOOD["B"] + NUM_BAD
        assert {point["Unit"] for point in points} == {"Microseconds"}
        for point in points:
            assert 20 < point["Minimum"] <= point["Sum"] / point["SampleCount"] <= point["Maximum"]
            assert point["Maximum"] < 60e6


def test_metric_data_hold_the_same_and_averages_of_it(asked: RunningEndpoints) -> None:
    queries = [
        {
            "Id": stat.lower(),
            "MetricStat": {"Metric": about(metric, "B"), "Period": 300, "Stat": stat},
        }
        for metric, stat in (("Invocations", "Sum"), ("Invocation4XXErrors", "Average"))
    ]
    start = datetime.fromtimestamp(time.time() // 300 * 300 - 300, timezone.utc)
    results = asked.api.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=start, EndTime=start + timedelta(minutes=15)
    )["MetricDataResults"]

    assert sum(results[0]["Values"]) == NUM_GOOD["B"] + NUM_BAD
    assert len(results[0]["Values"]) in (1, 2)
    if len(results[1]["Values"]) == 1:
        assert results[1]["Values"] == [pytest.approx(NUM_BAD / (NUM_GOOD["B"] + NUM_BAD))]


def test_percentiles_are_given_where_all_values_are_one_and_refused_where_they_are_not_kept(
    asked: RunningEndpoints,
) -> None:
    client = asked.api.client("cloudwatch")
    extended = {**times(), "Period": 300, "ExtendedStatistics": ["p99"]}
    points = client.get_metric_statistics(**about("Invocations", "B"), **extended)["Datapoints"]
    assert {point["ExtendedStatistics"]["p99"] for point in points} == {1.0}
    with pytest.raises(ClientError, match="There are no percentiles of ModelLatency: Pairloom"):
        client.get_metric_statistics(**about("ModelLatency", "B"), **extended)
