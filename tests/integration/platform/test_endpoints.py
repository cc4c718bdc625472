"""Endpoints of real serving processes, asked by boto3 as clients ask SageMaker's runtime."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.platform.running_endpoints import REQUEST, RunningEndpoints, variant


@pytest.fixture(scope="module")
def endpoint(endpoints: RunningEndpoints) -> str:
    endpoints.make_model("low", 1.5)
    endpoints.make_model("high", 2.5)
    endpoints.make_config("low", variant("A", "low"))
    endpoints.make_config("high", variant("A", "high", count=2))
    endpoints.wait(endpoints.create("digits", "low"))
    return "digits"


def refused(endpoints: RunningEndpoints, name: str, **members: Any) -> Any:
    with pytest.raises(ClientError) as raised:
        endpoints.invoke(name, **members)
    return raised.value.response


def test_endpoint_answers_with_the_scores_of_its_model(
    endpoints: RunningEndpoints, endpoint: str
) -> None:
    answer = endpoints.invoke(endpoint, Accept="application/json", CustomAttributes="trace=1")

    assert answer["Body"] == {"predictions": [{"score": 1.5}]}
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "A"
    lines = endpoints.invoke(endpoint, Accept="application/jsonlines")
    assert lines["ContentType"] == "application/jsonlines"


def test_body_that_the_model_refuses_is_a_model_error(
    endpoints: RunningEndpoints, endpoint: str
) -> None:
    response = refused(endpoints, endpoint, body='{"instances": [{"features": [1.0]}]}')

    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 400
    original = '{"error": "instances[0].features has 1 values, expected 2"}'
    assert response["OriginalMessage"] == original
    assert response["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/digits")
    assert response["Error"]["Message"].startswith(
        f'Received client error (400) from model with message "{original}". See https://us-east-1.'
    )


def test_endpoint_that_is_not_there_is_named_with_its_account(
    endpoints: RunningEndpoints, endpoint: str
) -> None:
    error = refused(endpoints, "nobody")["Error"]

    assert error["Code"] == "ValidationError"
    assert error["Message"] == "Endpoint nobody of account 111122223333 not found."


def test_body_of_6_mebibytes_is_answered_and_one_byte_more_is_refused(
    endpoints: RunningEndpoints, endpoint: str
) -> None:
    whole = json.dumps(REQUEST).ljust(6 << 20)
    assert endpoints.invoke(endpoint, body=whole)["Body"] == {"predictions": [{"score": 1.5}]}
    response = refused(endpoints, endpoint, body=whole + " ")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert "the body is larger than 6291456 bytes" in response["Error"]["Message"]


def test_client_that_drops_its_connection_amid_the_body_harms_nobody(
    endpoints: RunningEndpoints, endpoint: str
) -> None:
    address = ("127.0.0.1", endpoints.settings.port)
    head = f"POST /endpoints/{endpoint}/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99"
    for _ in range(20):
        with socket.create_connection(address) as client:
            client.sendall(head.encode() + b'\r\n\r\n{"instances"')
    assert endpoints.score(endpoint) == 1.5


def test_update_under_load_fails_no_request(endpoints: RunningEndpoints, endpoint: str) -> None:
    scores: list[list[float]] = [[], []]
    ended = threading.Event()

    def hammer(into: list[float]) -> None:
        while not ended.is_set():
            into.append(endpoints.score(endpoint))

    threads = [threading.Thread(target=hammer, args=[into]) for into in scores]
    for thread in threads:
        thread.start()
    old = endpoints.processes(endpoint)
    endpoints.update(endpoint, "high")
    endpoints.wait(endpoint, lambda record: record.status == "InService")
    counts = [len(into) for into in scores]
    time.sleep(0.5)
    ended.set()
    for thread in threads:
        thread.join()

    for into, count in zip(scores, counts, strict=True):
        assert into[0] == 1.5
        assert set(into) == {1.5, 2.5}
        # Those under way when the status was read may be old ones; none after them are.
        assert set(into[count + 1 :]) == {2.5}
    record = endpoints.get(endpoint)
    assert record.state["config"] == "high"
    assert len(endpoints.ports(endpoint)) == 2
    deadline = time.monotonic() + 90
    while set(old) & set(endpoints.processes(endpoint)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_deleted_endpoint_leaves_nothing(endpoints: RunningEndpoints, endpoint: str) -> None:
    endpoints.wait(endpoints.create("short", "low"))
    assert endpoints.score("short") == 1.5
    assert endpoints.processes("short")
    endpoints.delete("short")

    assert endpoints.processes("short") == []
    assert not (endpoints.settings.endpoints_folder / "short").exists()
    assert refused(endpoints, "short")["Error"]["Code"] == "ValidationError"


def test_serving_processes_lines_are_log_events(endpoints: RunningEndpoints, endpoint: str) -> None:
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    logs = endpoints.api.client("logs")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]

    assert streams
    assert all(stream["logStreamName"].startswith("A/i-") for stream in streams)
    events = logs.get_log_events(
        logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True
    )["events"]
    assert "a regressor of 2 features and 2 factors" in events[0]["message"]
