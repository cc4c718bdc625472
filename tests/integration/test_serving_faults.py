"""An endpoint under load while its workers are killed, and under requests that make no sense."""

from __future__ import annotations

import bisect
import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.endpoints import JSON, Endpoint, root_of, served
from unit.model.native.models import small_model

WIDTH = 70
INSTANCE = {"data": {"features": {"keys": [3, 5], "shape": [WIDTH], "values": [1, 2]}}}
BODY = json.dumps({"instances": [INSTANCE]}).encode()
NUM_CLIENTS = 8
NUM_KILLS = 6
NUM_FUZZED = 10_000
BODIES_OF_ONE = 8  # drawn whole once, then broken in seven ways
MEDIA_TYPES = (JSON, "application/jsonlines", "application/x-recordio-protobuf", "text/csv")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_of(small_model(), tmp_path_factory.mktemp("small") / "ml")


class Caller(threading.Thread):
    """A client that calls without pause; opens a new connection only when the last one broke."""

    def __init__(self, endpoint: Endpoint, done: threading.Event) -> None:
        super().__init__()
        self.endpoint, self.done = endpoint, done
        self.outcomes: Counter[str] = Counter()
        self.failed_at: list[float] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.endpoint.port, timeout=30)
        while not self.done.is_set():
            self.call(connection)
        connection.close()

    def call(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request("POST", "/invocations", BODY, {"Content-Type": JSON})
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.outcomes[type(error).__name__] += 1
            self.failed_at.append(time.monotonic())
            connection.close()
        else:
            assert b"predictions" in content
            self.outcomes[str(response.status)] += 1


def whole_set(endpoint: Endpoint) -> None:
    """Wait until a killed worker has its successor."""
    deadline = time.monotonic() + 20
    while len(endpoint.workers()) != 2:
        assert time.monotonic() < deadline, "a killed worker was not replaced"
        time.sleep(0.01)


def test_killing_a_worker_fails_at_most_the_requests_in_its_hands(
    root: Path, tmp_path: Path
) -> None:
    done = threading.Event()
    killed_at = []
    with served(root, tmp_path / "log", workers=2) as endpoint:
        callers = [Caller(endpoint, done) for _ in range(NUM_CLIENTS)]
        for caller in callers:
            caller.start()
        for _ in range(NUM_KILLS):
            time.sleep(1.5)
            whole_set(endpoint)
            killed_at.append(time.monotonic())
            os.kill(random.choice(endpoint.workers()), signal.SIGKILL)
        time.sleep(1.5)
        done.set()
        for caller in callers:
            caller.join()
        outcomes = sum((caller.outcomes for caller in callers), Counter[str]())
        failures = [time for caller in callers for time in caller.failed_at]
        # Each client has one request under way, so that a kill can fail no more than one of each.
        of_kills = Counter(bisect.bisect(killed_at, failure) for failure in failures)
        assert all(number <= NUM_CLIENTS for number in of_kills.values()), (failures, killed_at)
        assert of_kills[0] == 0, (failures, killed_at)
        assert outcomes["200"] > 100 * NUM_KILLS
        assert {outcome for outcome in outcomes if outcome.isdecimal()} == {"200"}
        whole_set(endpoint)
        replaced = b"pairloom_worker_restarts_total %d" % NUM_KILLS
        assert replaced in endpoint.call("GET", "/metrics").body


def some_json() -> st.SearchStrategy[bytes]:
    numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text())
    values = st.recursive(
        numbers,
        lambda inner: st.one_of(
            st.lists(inner, max_size=5),
            st.dictionaries(
                st.sampled_from(["instances", "features", "data", "keys", "values", "shape"])
                | st.text(max_size=4),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    )
    tensor = st.fixed_dictionaries(
        {},
        optional={
            "keys": st.lists(st.integers(-2, 80) | numbers, max_size=5),
            "shape": st.lists(st.integers(60, 80), max_size=2),
            "values": st.lists(st.floats() | numbers, max_size=5),
        },
    )
    small = st.floats(-9, 9, width=32)
    instance = st.one_of(
        st.fixed_dictionaries({"features": st.lists(small, min_size=WIDTH, max_size=WIDTH)}),
        st.just(INSTANCE),
        st.fixed_dictionaries({"data": st.fixed_dictionaries({"features": tensor})}),
        st.fixed_dictionaries({"features": st.lists(numbers, max_size=WIDTH + 2)}),
        values,
    )
    whole = st.one_of(
        st.fixed_dictionaries({"instances": st.lists(instance, max_size=4)}),
        st.fixed_dictionaries(
            {"context": instance, "candidates": st.lists(instance, max_size=4)},
            optional={"count": st.integers(0, 5) | numbers},
        ),
        instance,
    )
    return whole.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))


def broken(body: bytes, chance: random.Random) -> bytes:
    """Cut off, change or put in some bytes."""
    pieces = bytearray(body)
    for _ in range(chance.randint(1, 3)):
        place, length = chance.randrange(len(pieces) + 1), chance.randint(0, 4)
        put_in = [bytes([chance.randrange(256)]), b"", b'"', b"[", b"}", b",", b"1e999", b"\x00"]
        pieces[place : place + length] = chance.choice(put_in)
    return bytes(pieces)


def memory_of(processes: list[int]) -> int:
    pages = [int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in processes]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def test_bodies_of_any_kind_never_fail_the_server_nor_fill_its_memory(
    root: Path, tmp_path: Path
) -> None:
    outcomes: Counter[int] = Counter()
    memory: list[int] = []
    with served(root, tmp_path / "log", workers=1) as endpoint, endpoint.connected() as connection:
        workers = endpoint.workers()

        def send(body: bytes, content_type: str, path: str, accept: str) -> None:
            headers = {"Content-Type": content_type, "Accept": accept}
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            content = response.read()
            outcomes[response.status] += 1
            assert response.status in {200, 400, 406, 415}, (body, content)
            if response.status != 200:
                assert set(json.loads(content)) == {"error"}
                assert b"Traceback" not in content
            if sum(outcomes.values()) % 1000 == 0:
                memory.append(memory_of(workers))

        @settings(
            max_examples=NUM_FUZZED // BODIES_OF_ONE,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            st.one_of(some_json(), st.just(BODY), st.binary(max_size=300)),
            st.sampled_from(MEDIA_TYPES) | st.just(JSON),
            st.sampled_from(["/invocations", "/rank"]),
            st.sampled_from([*MEDIA_TYPES, "*/*", "text/html"]) | st.just(JSON),
            st.integers(0, 2**32 - 1),
        )
        def send_all(body: bytes, content_type: str, path: str, accept: str, seed: int) -> None:
            chance = random.Random(seed)
            send(body, content_type, path, accept)
            for _ in range(BODIES_OF_ONE - 1):
                send(broken(body, chance), content_type, path, accept)

        send_all()
        assert sum(outcomes.values()) >= NUM_FUZZED
        assert endpoint.workers() == workers
        assert max(memory[1:]) - memory[0] < 16 << 20, memory
        assert outcomes[200] > 20, outcomes
        assert outcomes[400] > 1000, outcomes
        assert "Traceback" not in endpoint.said()


def test_slow_clients_hold_nobody_up(root: Path, tmp_path: Path) -> None:
    with served(root, tmp_path / "log", workers=1) as endpoint:
        head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
        slow = [endpoint.raw(head + b" ") for _ in range(200)]
        waits = []
        for _ in range(100):
            for client in slow[:20]:
                client.sendall(b" ")
            begun = time.monotonic()
            assert endpoint.post("/invocations", {"instances": [INSTANCE]}).status == 200
            waits.append(time.monotonic() - begun)
        for client in slow:
            client.close()
        assert sorted(waits)[95] < 0.25
