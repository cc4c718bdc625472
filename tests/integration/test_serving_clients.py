"""Clients that send too slowly, half or nonsense, and a server that is told to stop meanwhile."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.endpoints import Endpoint, program, root_of, served
from unit.model.native.models import small_model

WIDTH = 70
INSTANCE = {"data": {"features": {"keys": [3, 5], "shape": [WIDTH], "values": [1, 2]}}}
BODY = json.dumps({"instances": [INSTANCE]}).encode()
HEAD = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return root_of(small_model(), tmp_path_factory.mktemp("small") / "ml")


@pytest.fixture(scope="module")
def hasty(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An endpoint of one worker that waits no more than a second for a request."""
    log = tmp_path_factory.mktemp("log") / "serve.log"
    with served(root, log, workers=1, PAIRLOOM_REQUEST_TIMEOUT_SECONDS="1") as endpoint:
        yield endpoint


def everything_from(client: socket.socket) -> bytes:
    pieces = []
    while piece := client.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    "half",
    [
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        HEAD[:40],
    ],
    ids=["body", "chunk", "head"],
)
def test_half_a_request_is_refused_in_time_and_holds_nobody_up(
    half: bytes, hasty: Endpoint
) -> None:
    begun = time.monotonic()
    with hasty.raw(half) as client:
        assert hasty.post("/invocations", {"instances": [INSTANCE]}).status == 200
        assert time.monotonic() - begun < 1
        head, _, body = everything_from(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head
    assert json.loads(body) == {"error": "the request did not arrive within 1 seconds"}
    assert 1 <= time.monotonic() - begun < 5


def test_a_connection_that_says_nothing_is_closed(hasty: Endpoint) -> None:
    with hasty.raw(b"") as client:
        assert everything_from(client) == b""


def test_a_client_that_sends_slowly_is_served_if_it_ends_in_time(hasty: Endpoint) -> None:
    with hasty.raw(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY)) as client:
        for byte in range(len(BODY)):
            client.sendall(BODY[byte : byte + 1])
            time.sleep(0.3 / len(BODY))
        assert everything_from(client).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_leaves_in_the_middle_is_forgotten(hasty: Endpoint) -> None:
    for _ in range(20):
        hasty.raw(HEAD + b"Content-Length: 100\r\n\r\n{").close()
    time.sleep(0.2)
    assert b"pairloom_requests_in_progress 0" in hasty.call("GET", "/metrics").body


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /ping HTTP/9.9\r\n\r\n", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n" + b"X: " + b"x" * 100_000, 431),
    ],
)
def test_what_is_no_request_is_refused_in_the_same_shape(
    request_bytes: bytes, status: int, hasty: Endpoint
) -> None:
    with hasty.raw(request_bytes) as client:
        head, _, body = everything_from(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert set(json.loads(body)) == {"error"}


def test_a_body_is_refused_at_the_first_byte_too_many(hasty: Endpoint) -> None:
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    with hasty.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") as client:
        for _ in range(7):  # of which the last is one too many; the body does not end
            client.sendall(chunk)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_requests_sent_in_one_go_are_answered_in_order(hasty: Endpoint) -> None:
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with hasty.raw(3 * request + last) as client:
        answers = everything_from(client).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"200", b"404"]


def test_an_offer_of_another_protocol_is_passed_over(hasty: Endpoint) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\n"
    request = HEAD + offer + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    last = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with hasty.raw(request * 3 + last) as client:
        answers = everything_from(client)
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.count(b'"predictions"') == 3
    with hasty.raw(request[:-20]) as client:
        time.sleep(0.1)
        client.sendall(request[-20:] + last)
        assert everything_from(client).count(b"HTTP/1.1 200 OK") == 2


def test_an_encoded_body_is_refused_by_its_header(hasty: Endpoint) -> None:
    body = gzip.compress(BODY)
    reply = hasty.call("POST", "/invocations", body, Content_Encoding="gzip")
    assert reply.status == 415
    assert reply.json == {"error": "content encoding 'gzip'; expected a body that has none"}
    assert hasty.call("POST", "/rank", body, Content_Encoding="gzip").status == 415
    assert hasty.call("POST", "/invocations", BODY, Content_Encoding="identity").status == 200


def test_sigterm_lets_the_request_in_progress_end(root: Path, tmp_path: Path) -> None:
    with served(root, tmp_path / "log", workers=2) as endpoint:
        head = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
        with endpoint.raw(head + BODY[:10]) as client:
            time.sleep(0.2)
            begun = time.monotonic()
            endpoint.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            client.sendall(BODY[10:])
            assert everything_from(client).startswith(b"HTTP/1.1 200 ")
        assert endpoint.process.wait(10) == 0
        assert time.monotonic() - begun < 5
        with pytest.raises(ConnectionRefusedError):
            endpoint.raw(b"")
        assert "Traceback" not in endpoint.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_server_told_to_end_at_its_start_ends_at_once(
    number: signal.Signals, root: Path, tmp_path: Path
) -> None:
    with served(root, tmp_path / "log", workers=2) as endpoint:
        assert endpoint.stop(number) == 0
        assert "workers did not end" not in endpoint.said()


def test_a_killed_worker_is_replaced(root: Path, tmp_path: Path) -> None:
    with served(root, tmp_path / "log", workers=2) as endpoint:
        before = endpoint.workers()
        for victim in before:
            subprocess.run(["kill", "-9", str(victim)], check=True)
        for _ in range(50):
            assert endpoint.post("/invocations", {"instances": [INSTANCE]}).status == 200
        assert len(set(endpoint.workers()) - set(before)) == 2
        assert b"pairloom_worker_restarts_total 2" in endpoint.call("GET", "/metrics").body
        assert "ended by SIGKILL; replaced" in endpoint.said()


def test_workers_end_with_the_process_that_started_them(root: Path, tmp_path: Path) -> None:
    with served(root, tmp_path / "log", workers=2) as endpoint:
        assert endpoint.call("GET", "/ping").status == 200
        endpoint.process.kill()
        endpoint.process.wait()
        assert refused_within(endpoint, seconds=10)


def refused_within(endpoint: Endpoint, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", endpoint.port)) != 0:
                return True
        time.sleep(0.05)
    return False


def refusal(*options: str | Path, **environment: str) -> str:
    """Return the one line that a server which cannot start leaves."""
    done = subprocess.run(
        program(*options),
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("pairloom: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/model/model_algo-1: no such file" in refusal("--root", tmp_path)


@pytest.mark.parametrize("part", [0, 10, 0.5, 0.99])
def test_a_truncated_artifact_is_named(part: float, root: Path, tmp_path: Path) -> None:
    whole = (root / "model" / "model_algo-1").read_bytes()
    kept = int(part if part > 1 else part * len(whole))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_algo-1").write_bytes(whole[:kept])
    assert f"{tmp_path}/model/model_algo-1" in refusal("--root", tmp_path)


def test_settings_that_break_a_rule_are_named(root: Path, hasty: Endpoint) -> None:
    taken = refusal("--root", root, "--port", str(hasty.port))
    assert f"cannot listen on 127.0.0.1:{hasty.port}: another program listens there" in taken
    told = {"SAGEMAKER_BIND_TO_PORT": "9000", "SAGEMAKER_SAFE_PORT_RANGE": "8000-8999"}
    assert "is 9000, outside SAGEMAKER_SAFE_PORT_RANGE, 8000-8999" in refusal(
        "--root", root, **told
    )
    assert "lies under" in refusal("--root", root, "--cache", root / "cache")


def test_many_clients_at_once_are_all_served(root: Path, tmp_path: Path) -> None:
    failures: list[object] = []

    def call(endpoint: Endpoint) -> None:
        for _ in range(20):
            reply = endpoint.post("/invocations", {"instances": [INSTANCE]})
            if reply.status != 200:
                failures.append(reply)

    with served(root, tmp_path / "log", workers=2) as endpoint:
        threads = [threading.Thread(target=call, args=(endpoint,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
