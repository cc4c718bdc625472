"""The application without a server around it: one coroutine asks, another answers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from pairloom import Model
from pairloom.errors import UserError
from pairloom.serving.http.app import create_app
from pairloom.serving.metrics import SharedMetrics
from pairloom.serving.model_cache import ServedModel, load_for_serving
from pairloom.serving.processes.listeners import open_listeners, url_of
from pairloom.serving.settings import MEBIBYTE, ServerSettings
from unit.model.native.models import FEATURE_DIM, small_model

INSTANCE = {"data": {"features": {"keys": [3, 5], "shape": [FEATURE_DIM], "values": [1, 2]}}}
ROWS = json.dumps({"instances": [INSTANCE]}).encode()
JSON = [(b"content-type", b"application/json")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    artifact = tmp_path_factory.mktemp("model") / "model_algo-1"
    small_model().save(artifact)
    return load_for_serving(artifact)


class Caller:
    """Asks one application, and counts as one worker."""

    def __init__(self, served: ServedModel) -> None:
        settings = ServerSettings(
            artifact=Path("model_algo-1"), num_workers=1, max_payload_mebibytes=1
        )
        self.app = create_app(served, settings, SharedMetrics(1), 0)

    def call(
        self, method: str, path: str, *pieces: bytes, headers: Any = JSON, ends: bool = True
    ) -> tuple[int, bytes]:
        """Return status and body; 0 when nothing was answered."""
        last = len(pieces) - 1
        messages: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": place < last or not ends}
            for place, piece in enumerate(pieces or (b"",))
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "root_path": "",
            "headers": list(headers), "scheme": "http", "server": ("127.0.0.1", 80),
        }  # fmt: skip
        asyncio.run(self.app(scope, receive, send))
        return (sent[0]["status"], sent[1]["body"]) if sent else (0, b"")


@pytest.fixture
def caller(served: ServedModel) -> Caller:
    return Caller(served)


def test_rows_are_scored_and_counted(caller: Caller, served: ServedModel) -> None:
    status, body = caller.call("POST", "/invocations", ROWS[:9], ROWS[9:])
    assert (status, list(json.loads(body))) == (200, ["predictions"])
    text = caller.call("GET", "/metrics")[1].decode()
    assert 'pairloom_requests_total{route="/invocations",status="200"} 1\n' in text
    assert "pairloom_rows_total 1\n" in text
    assert f"pairloom_request_bytes_total {len(ROWS)}\n" in text
    assert 'pairloom_request_seconds_bucket{route="/invocations",le="+Inf"} 1\n' in text
    assert f'sha256="{served.artifact_sha256}"' in text


def test_large_bodies_are_scored_beside_the_event_loop(caller: Caller) -> None:
    status, body = caller.call("POST", "/invocations", ROWS + b" " * (1 << 17))
    assert (status, body) == caller.call("POST", "/invocations", ROWS)


def test_other_paths_answer(caller: Caller) -> None:
    assert caller.call("GET", "/ping") == (200, b"")
    described = json.loads(caller.call("GET", "/model")[1])
    assert described["num_trained_features"] == FEATURE_DIM
    told = json.loads(caller.call("GET", "/execution-parameters")[1])
    assert told["MaxPayloadInMB"] == 1
    ranking = b'{"context": [1], "candidates": [[40], [50]], "count": 1}'
    assert len(json.loads(caller.call("POST", "/rank", ranking)[1])["ranking"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "pieces", "headers", "status"),
    [
        ("GET", "/nothing", [b""], JSON, 404),
        ("GET", "/invocations", [b""], JSON, 405),
        ("POST", "/invocations", [b"{"], JSON, 400),
        ("POST", "/invocations", [b"x"], [(b"content-type", b"image/png")], 415),
        ("POST", "/invocations", [ROWS], [*JSON, (b"accept", b"image/png")], 406),
        ("POST", "/invocations", [b" " * (MEBIBYTE + 1)], JSON, 413),
        ("POST", "/invocations", [b" " * MEBIBYTE, b" ", b""], JSON, 413),
        ("POST", "/invocations", [b""], [*JSON, (b"content-length", b"%d" % (1 << 30))], 413),
    ],
)
def test_refusals_have_one_shape(
    caller: Caller, method: str, path: str, pieces: list[bytes], headers: Any, status: int
) -> None:
    found, body = caller.call(method, path, *pieces, headers=headers)
    assert found == status
    assert list(json.loads(body)) == ["error"]


def test_a_client_that_leaves_gets_no_answer_and_is_not_counted(caller: Caller) -> None:
    assert caller.call("POST", "/invocations", ROWS[:9], ends=False) == (0, b"")
    assert "pairloom_requests_in_progress 0\n" in caller.call("GET", "/metrics")[1].decode()


def test_our_faults_are_logged_and_not_told(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("pairloom.serving.ranker.Ranker._rows", fail)
    status, body = caller.call("POST", "/rank", b'{"context": [1], "candidates": [[40]]}')
    assert status == 500
    assert json.loads(body) == {"error": "internal error; the log of the server says more"}
    assert "a secret of the machine" in caplog.text


def test_a_kept_native_form_is_used_again_and_a_damaged_one_replaced(tmp_path: Path) -> None:
    small_model().save(tmp_path / "model_algo-1")
    for turn in range(2):
        served = load_for_serving(tmp_path / "model_algo-1", tmp_path / "cache")
        (kept,) = (tmp_path / "cache").iterdir()
        assert kept.name == f"{served.artifact_sha256}.pairloom"
        assert Model.load(kept).feature_dim == FEATURE_DIM
        if turn == 0:
            kept.write_bytes(b"nonsense")


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="model_algo-1: no such file"):
        load_for_serving(tmp_path / "model_algo-1")


def test_workers_share_a_port_that_nobody_else_gets() -> None:
    listeners = open_listeners("127.0.0.1", 0, 3)
    ports = {listener.getsockname()[1] for listener in listeners}
    assert len(ports) == 1
    (port,) = ports
    assert url_of(listeners[0]) == f"http://127.0.0.1:{port}"
    for count in (1, 2):
        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}: another program"):
            open_listeners("127.0.0.1", port, count)
    for listener in listeners:
        listener.close()
