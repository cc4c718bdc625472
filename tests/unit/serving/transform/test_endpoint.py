from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pairloom.cli.program import main
from pairloom.errors import DataError, PlatformError, UserError
from pairloom.serving import Predictor
from pairloom.serving.media_types import JSON, JSON_LINES
from pairloom.serving.transform import Endpoint, TransformSettings, transform
from unit.serving.bodies import json_body, matrix, model

ROWS = matrix(num_rows=10)


class Handler(BaseHTTPRequestHandler):
    """The standard library's server around a predictor."""

    protocol_version = "HTTP/1.1"
    closes = False
    connections: set[object] = set()  # noqa: RUF012  of the one server of this module

    def do_POST(self) -> None:
        self.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            assert self.path == "/invocations"
            answer = Predictor(model()).invoke(
                body, self.headers["Content-Type"], self.headers["Accept"]
            )
            self._answer(200, answer.body, answer.content_type)
        except UserError as error:
            self._answer(400, json.dumps({"error": str(error)}).encode(), JSON)

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.closes  # without a word, as a server that restarts does

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def endpoint(url: str) -> Iterator[Endpoint]:
    with closing(Endpoint(url)) as endpoint:
        yield endpoint


def test_an_endpoint_answers_as_its_predictor_does(endpoint: Endpoint) -> None:
    body = json_body(ROWS)
    expected = Predictor(model()).invoke(body, JSON, JSON_LINES)
    before = len(Handler.connections)
    for _ in range(5):
        answer = endpoint(body, JSON, JSON_LINES)
        assert (answer.body, answer.content_type) == (expected.body, expected.content_type)
    assert len(Handler.connections) == before + 1


def test_a_connection_that_the_endpoint_has_closed_is_opened_again(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "closes", True)
    assert len({endpoint(json_body(ROWS), JSON, JSON).body for _ in range(3)}) == 1


def test_what_an_endpoint_refuses_is_an_error_with_its_words(endpoint: Endpoint) -> None:
    with pytest.raises(DataError, match="answered 400: instances is empty, expected one instance"):
        endpoint(b'{"instances": []}', JSON, JSON)


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with pytest.raises(PlatformError, match=r"http://127.0.0.1:9: .*refused"):
        Endpoint("http://127.0.0.1:9")(b"", JSON, JSON)
    with pytest.raises(UserError, match="endpoint 'ftp://x'; expected http://host:port/path"):
        Endpoint("ftp://x")


def test_files_are_transformed_by_an_endpoint_as_by_a_model(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    lines = [json.dumps({"features": row}) for row in ROWS.tolist()]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    settings = TransformSettings(batch_strategy="SingleRecord", max_concurrent_transforms=3)
    for name, invoke in (("remote", endpoint), ("local", Predictor(model()).invoke)):
        assert not transform(tmp_path / "rows.jsonl", tmp_path / name, invoke, settings).failed
    remote, local = (tmp_path / name / "rows.jsonl.out" for name in ("remote", "local"))
    assert remote.read_bytes() == local.read_bytes()


def test_the_command_asks_a_model_or_an_endpoint(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model().save(tmp_path / "model.pairloom")
    data = tmp_path / "data"
    data.mkdir()
    (data / "good.csv").write_text("1,2,3,4\n")
    (data / "bad.csv").write_text("1,2,3\n")
    given = ["transform", "--input", str(data), "--content-type", "text/csv"]
    for source in (["--model", str(tmp_path / "model.pairloom")], ["--endpoint", url]):
        output = tmp_path / source[0].strip("-")
        assert main([*given, *source, "--output", str(output)]) == 2
        said = capsys.readouterr()
        assert said.out == f"{output / 'good.csv.out'}\n"
        assert "bad.csv: record 1: " in said.err
        assert "line 1 has 3 values, expected 4" in said.err
        assert "1 of 2 files failed and have no .out: bad.csv" in said.err
        assert [path.name for path in output.iterdir()] == ["good.csv.out"]
    unreachable = ["--endpoint", "http://127.0.0.1:9", "--output", str(tmp_path / "none")]
    assert main([*given, *unreachable]) == 1
