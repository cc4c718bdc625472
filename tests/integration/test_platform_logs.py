"""CloudWatch Logs through boto3: streams and events in pages, by time, by pattern, followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.platform_api import RunningApi, running_api
from pairloom.platform.store import LogEvent

GROUP = "/aws/sagemaker/TrainingJobs"
NO_GROUP = "/aws/sagemaker/Endpoints/none"
BEGUN = 1_795_417_440.0


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    with running_api(tmp_path_factory.mktemp("platform")) as api:
        api.store.append_log_events(
            "fm/algo-1-1795417440",
            [LogEvent(f"line {index}", BEGUN + index) for index in range(25)],
        )
        api.store.append_log_events("fm/algo-2-1795417440", [LogEvent("other host", BEGUN + 99)])
        api.store.append_log_events("else/algo-1-1795417440", [])
        yield api


@pytest.fixture(scope="module")
def logs(api: RunningApi) -> Any:
    return api.client("logs")


def test_streams_are_listed_by_prefix_in_pages(logs: Any) -> None:
    asked = {"logGroupName": GROUP, "logStreamNamePrefix": "fm/"}
    pages = logs.get_paginator("describe_log_streams").paginate(
        **asked, PaginationConfig={"PageSize": 1}
    )
    first, second = (stream for page in pages for stream in page["logStreams"])
    assert first["logStreamName"] == "fm/algo-1-1795417440"
    assert first["firstEventTimestamp"] == round(BEGUN * 1000)
    assert first["lastEventTimestamp"] == round((BEGUN + 24) * 1000)
    assert second["logStreamName"] == "fm/algo-2-1795417440"
    newest = logs.describe_log_streams(
        logGroupName=GROUP, orderBy="LastEventTime", descending=True
    )["logStreams"]
    assert [stream["logStreamName"][:6] for stream in newest] == ["fm/alg", "fm/alg", "else/a"]


def test_events_are_read_from_the_head_until_none_come(logs: Any) -> None:
    """As the SDK tails a job."""
    asked = {"logGroupName": GROUP, "logStreamName": "fm/algo-1-1795417440", "startFromHead": True}
    messages, token = [], None
    while True:
        page = logs.get_log_events(
            **asked, limit=10, **({} if token is None else {"nextToken": token})
        )
        messages += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert messages == [f"line {index}" for index in range(25)]


def test_events_are_read_backward_from_the_end(logs: Any) -> None:
    asked = {"logGroupName": GROUP, "logStreamName": "fm/algo-1-1795417440", "limit": 2}
    last = logs.get_log_events(**asked)
    assert [event["message"] for event in last["events"]] == ["line 23", "line 24"]
    before = logs.get_log_events(**asked, nextToken=last["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == ["line 21", "line 22"]
    again = logs.get_log_events(**asked, nextToken=before["nextForwardToken"])
    assert again["events"] == last["events"]


def test_events_are_cut_by_time(logs: Any) -> None:
    page = logs.get_log_events(
        logGroupIdentifier=f"arn:aws:logs:us-east-1:111122223333:log-group:{GROUP}",
        logStreamName="fm/algo-1-1795417440",
        startTime=round((BEGUN + 3) * 1000),
        endTime=round((BEGUN + 5) * 1000),
    )
    assert [event["message"] for event in page["events"]] == ["line 3", "line 4"]


def test_answer_holds_at_most_a_mebibyte_of_events(api: RunningApi, logs: Any) -> None:
    api.store.append_log_events("big/algo-1-1", [LogEvent("x" * 400_000, BEGUN)] * 5)
    asked = {"logGroupName": GROUP, "logStreamName": "big/algo-1-1", "startFromHead": True}
    page = logs.get_log_events(**asked)
    assert len(page["events"]) == 2
    following = logs.get_log_events(**asked, nextToken=page["nextForwardToken"])
    assert len(following["events"]) == 2


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", 26),
        ('"line 7"', 1),
        ("line 1", 12),
        ("?7 ?other", 3),
        ("line -1", 13),
        ("absent", 0),
    ],
)
def test_events_are_filtered_by_pattern(pattern: str, expected: int, logs: Any) -> None:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP,
        logStreamNamePrefix="fm/",
        filterPattern=pattern,
        PaginationConfig={"PageSize": 5},
    )
    events = [event for page in pages for event in page["events"]]
    assert len(events) == len({event["eventId"] for event in events}) == expected


def test_filtered_events_are_followed_by_token(api: RunningApi, logs: Any) -> None:
    """The SDK shows an endpoint's lines of pages with a token alone, and goes on from the last."""
    group, stream = "/aws/sagemaker/Endpoints/fm", "AllTraffic/i-1"
    asked = {"logGroupName": group, "logStreamNamePrefix": "AllTraffic/"}
    api.store.append_log_events(stream, [LogEvent("first", BEGUN)], group=group)
    page = logs.filter_log_events(**asked)
    assert [event["message"] for event in page["events"]] == ["first"]
    following = logs.filter_log_events(**asked, nextToken=page["nextToken"])
    assert following["events"] == []
    assert "nextToken" not in following
    api.store.append_log_events(stream, [LogEvent("second", BEGUN + 1)], group=group)
    following = logs.filter_log_events(**asked, nextToken=page["nextToken"])
    assert [event["message"] for event in following["events"]] == ["second"]


@pytest.mark.parametrize(
    ("call", "asked", "code"),
    [
        ("describe_log_streams", {"logGroupName": "/other"}, "ResourceNotFoundException"),
        ("describe_log_streams", {"logGroupName": NO_GROUP}, "ResourceNotFoundException"),
        ("filter_log_events", {"logGroupName": NO_GROUP}, "ResourceNotFoundException"),
        (
            "get_log_events",
            {"logGroupName": GROUP, "logStreamName": "none"},
            "ResourceNotFoundException",
        ),
        (
            "get_log_events",
            {"logGroupName": GROUP, "logStreamName": "fm/algo-1-1795417440", "nextToken": "x"},
            "InvalidParameterException",
        ),
        (
            "filter_log_events",
            {"logGroupName": GROUP, "filterPattern": "{ $.x = 1 }"},
            "InvalidParameterException",
        ),
        ("filter_log_events", {"logGroupName": GROUP, "filterPattern": '"open'}, "InvalidParam"),
        ("describe_log_streams", {}, "InvalidParameterException"),
    ],
)
def test_logs_that_are_not_there_are_named(
    call: str, asked: dict[str, Any], code: str, logs: Any
) -> None:
    with pytest.raises(ClientError) as raised:
        getattr(logs, call)(**asked)
    assert raised.value.response["Error"]["Code"].startswith(code)
