"""Endpoints whose processes, runner or platform are killed, and updates that fail."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from integration.platform.running_endpoints import RunningEndpoints, variant
from unit.platform.endpoints.archives import packed

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module", name="endpoints")
def endpoints_with_models(mortal_endpoints: RunningEndpoints) -> RunningEndpoints:
    endpoints = mortal_endpoints
    endpoints.make_model("low", 1.5)
    endpoints.make_model("high", 2.5)
    endpoints.make_config("low", variant("A", "low"))
    endpoints.make_config("both", variant("A", "low", weight=9), variant("B", "high", weight=1))
    return endpoints


def wait_until_gone(endpoints: RunningEndpoints, name: str, processes: list[int]) -> None:
    deadline = time.monotonic() + 90
    while set(processes) & set(endpoints.processes(name)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_requests_are_shared_by_weight_and_variants_may_be_named(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.wait(endpoints.create("shared", "both"))
    counts = Counter(endpoints.score("shared") for _ in range(300))
    assert 5 <= counts[2.5] <= 70  # of 300, 30 are expected; both ends are beyond 5 deviations
    assert counts[1.5] + counts[2.5] == 300
    assert {endpoints.score("shared", TargetVariant="B") for _ in range(20)} == {2.5}
    endpoints.store.endpoints.change(
        "shared",
        status="Updating",
        desired={"A": {"weight": 0, "instance_count": 1}, "B": {"weight": 1, "instance_count": 2}},
    )
    record = endpoints.wait("shared")
    assert {endpoints.score("shared") for _ in range(20)} == {2.5}
    assert endpoints.score("shared", TargetVariant="A") == 1.5
    assert len(endpoints.ports("shared", "B")) == 2
    assert record.state["variants"][1]["instance_count"] == 2
    endpoints.delete("shared")


def test_killed_serving_process_is_replaced_and_no_request_is_lost(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.wait(endpoints.create("killed", "low"))
    for _ in range(3):
        before = endpoints.processes("killed")
        for process in before:
            os.kill(process, signal.SIGKILL)
        assert endpoints.score("killed") == 1.5
        wait_until_gone(endpoints, "killed", before)
    endpoints.delete("killed")


def test_killed_runner_leaves_no_process_and_the_next_serves_the_same_variants(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.wait(endpoints.create("kept", "both"))
    weights = [one["weight"] for one in endpoints.get("kept").state["variants"]]
    before, ports = endpoints.processes("kept"), set(endpoints.ports("kept"))
    endpoints.store.models.delete("high")
    endpoints.runners[-1].kill()
    endpoints.runners[-1].wait()
    wait_until_gone(endpoints, "kept", before)
    endpoints.start_runner()
    endpoints.wait("kept", lambda _: len(set(endpoints.ports("kept")) - ports) == 2)
    assert endpoints.score("kept", TargetVariant="B") == 2.5
    assert endpoints.score("kept", TargetVariant="A") == 1.5
    record = endpoints.get("kept")
    assert record.status == "InService"
    assert [one["weight"] for one in record.state["variants"]] == weights
    endpoints.make_model("high-again", 2.5)
    endpoints.delete("kept")


def test_runner_killed_during_an_update_is_followed_by_one_that_ends_it(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.make_model("later", 3.5)
    endpoints.make_config("later", variant("A", "later", count=2))
    endpoints.wait(endpoints.create("going", "low"))
    endpoints.update("going", "later")
    time.sleep(0.3)
    endpoints.runners[-1].kill()
    endpoints.runners[-1].wait()
    assert endpoints.get("going").status == "Updating"
    endpoints.start_runner()
    endpoints.wait("going")
    assert endpoints.score("going") == 3.5
    assert len(endpoints.ports("going")) == 2
    endpoints.delete("going")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no archive", "no whole tar.gz archive"),
        (packed({"../outside": b"x"}), "the name '../outside' leads out of the folder"),
        (packed({"model_algo-1": b"damaged"}), "did not pass the ping health check: it ended"),
        (packed({"readme": b"x"}), "no such file; an endpoint serves the model that lies there"),
    ],
    ids=["no archive", "leads outside", "damaged", "without a model"],
)
def test_artifact_that_cannot_be_served_fails_an_update_and_the_old_model_goes_on(
    endpoints: RunningEndpoints, content: bytes, reason: str
) -> None:
    name = f"bad-{len(content)}"
    uri = endpoints.put(f"{name}.tar.gz", content)
    endpoints.make_model(name, 0.0, ModelDataUrl=uri)
    endpoints.make_config(name, variant("A", name))
    endpoints.wait(endpoints.create(f"new-{name}", name), lambda record: record.status == "Failed")
    assert reason in endpoints.get(f"new-{name}").state["failure_reason"]
    with pytest.raises(ClientError, match=f"Endpoint new-{name} of account"):
        endpoints.score(f"new-{name}")
    endpoints.delete(f"new-{name}")
    endpoints.wait(endpoints.create(f"old-{name}", "low"))
    endpoints.update(f"old-{name}", name)
    record = endpoints.wait(f"old-{name}")
    assert reason in record.state["failure_reason"]
    assert record.state["config"] == "low"
    assert record.state["pending_config"] is None
    assert endpoints.score(f"old-{name}") == 1.5
    endpoints.delete(f"old-{name}")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://nowhere/model.tar.gz", "there is no such object"),
        ("s3://models/absent.tar.gz", "there is no such object"),
    ],
)
def test_artifact_that_is_not_there_fails_the_endpoint(
    endpoints: RunningEndpoints, uri: str, reason: str
) -> None:
    name = uri.split("/")[2]
    endpoints.make_model(f"absent-{name}", 0.0, ModelDataUrl=uri)
    endpoints.make_config(f"absent-{name}", variant("A", f"absent-{name}"))
    endpoints.create(f"absent-{name}", f"absent-{name}")
    record = endpoints.wait(f"absent-{name}", lambda record: record.status == "Failed")
    assert reason in record.state["failure_reason"]
    assert uri in record.state["failure_reason"]
    endpoints.delete(f"absent-{name}")


def test_model_that_was_deleted_fails_the_endpoint(endpoints: RunningEndpoints) -> None:
    endpoints.make_model("brief", 0.0)
    endpoints.make_config("brief", variant("A", "brief"))
    endpoints.store.models.delete("brief")
    endpoints.create("brief", "brief")
    record = endpoints.wait("brief", lambda record: record.status == "Failed")
    assert record.state["failure_reason"] == "ClientError: there is no model 'brief' any more"
    endpoints.delete("brief")


def test_endpoint_deleted_while_it_is_made_leaves_nothing(endpoints: RunningEndpoints) -> None:
    endpoints.create("hasty", "low")
    time.sleep(0.4)
    endpoints.delete("hasty")
    assert endpoints.processes("hasty") == []
    assert not (endpoints.settings.endpoints_folder / "hasty").exists()
