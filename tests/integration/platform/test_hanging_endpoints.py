"""Serving processes that hang without dying: they are replaced, and requests are answered."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from integration.platform.running_endpoints import RunningEndpoints, variant

pytestmark = pytest.mark.platform

NUM_CLIENTS, NUM_REQUESTS = 4, 100


@dataclass
class Hung:
    """What was stopped, and what was asked while it was."""

    stopped: dict[str, list[int]]
    scores: dict[str, list[Future[list[float]]]]


@pytest.fixture(scope="module")
def hung(endpoints: RunningEndpoints) -> Hung:
    """Stop a program of three endpoints at once, since it takes a while until that is noticed."""
    endpoints.make_model("low", 1.5)
    endpoints.make_model("high", 2.5)
    endpoints.make_config("one", variant("A", "low"))
    endpoints.make_config("two", variant("A", "low", count=2))
    endpoints.make_config("other", variant("A", "high"))
    counts = {"alone": "one", "paired": "two", "updated": "one"}
    for name, config in counts.items():
        endpoints.create(name, config)
    for name in counts:
        endpoints.wait(name)
    stopped = {
        "alone": endpoints.processes("alone"),  # the guards as well
        "paired": programs(endpoints, "paired")[0],
        "updated": endpoints.processes("updated"),
    }
    for process in [process for processes in stopped.values() for process in processes]:
        os.kill(process, signal.SIGSTOP)
    clients = ThreadPoolExecutor()
    scores = {
        "alone": [clients.submit(asked, endpoints, "alone", 1)],
        "paired": [
            clients.submit(asked, endpoints, "paired", NUM_REQUESTS) for _ in range(NUM_CLIENTS)
        ],
    }
    endpoints.update("updated", "other")
    clients.shutdown(wait=False)
    return Hung(stopped, scores)


def asked(endpoints: RunningEndpoints, name: str, count: int) -> list[float]:
    return [endpoints.score(name) for _ in range(count)]


def programs(endpoints: RunningEndpoints, name: str) -> list[list[int]]:
    """Return the processes of each serve program, without their guards."""
    sessions = defaultdict(list)
    for process in endpoints.processes(name):
        sessions[os.getsid(process)].append(process)
    return [processes for processes in sessions.values() if len(processes) > 1]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_until_replaced(endpoints: RunningEndpoints, name: str, hung: Hung, count: int) -> None:
    stopped = set(hung.stopped[name])
    wait_until(lambda: not stopped & set(endpoints.processes(name)))
    wait_until(lambda: len(endpoints.ports(name)) == count)


def test_hanging_process_is_replaced_and_what_it_was_asked_is_answered_by_another(
    endpoints: RunningEndpoints, hung: Hung
) -> None:
    assert hung.scores["alone"][0].result() == [1.5]
    wait_until_replaced(endpoints, "alone", hung, 1)
    assert endpoints.score("alone") == 1.5
    assert endpoints.get("alone").status == "InService"


def test_requests_go_to_the_other_process_while_one_hangs(
    endpoints: RunningEndpoints, hung: Hung
) -> None:
    for scores in hung.scores["paired"]:
        assert scores.result() == [1.5] * NUM_REQUESTS
    wait_until_replaced(endpoints, "paired", hung, 2)


def test_log_says_why_a_hanging_process_was_ended(endpoints: RunningEndpoints, hung: Hung) -> None:
    wait_until_replaced(endpoints, "alone", hung, 1)
    events = endpoints.api.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/Endpoints/alone", filterPattern='"/ping"'
    )["events"]
    said = "SIGKILL by the platform: it did not answer /ping within 2 s, 5 times in a row"
    assert [event["message"] for event in events] == [said]


def test_update_of_an_endpoint_whose_process_hangs_brings_the_new_one_and_ends_the_old(
    endpoints: RunningEndpoints, hung: Hung
) -> None:
    assert endpoints.wait("updated").state["config"] == "other"
    assert endpoints.score("updated") == 2.5
    wait_until_replaced(endpoints, "updated", hung, 1)
    endpoints.delete("updated")
