"""Endpoints as users run them: the program as a process, on a free port of this machine."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom import Model

STARTED = re.compile(r"on http://127\.0\.0\.1:(\d+) with (\d+) workers")
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Endpoint:
    """A running server and how to call it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self.port = self._port()

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Make one request on a connection of its own; `Content_Type` means `Content-Type`."""
        with self.connected() as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, response.read(), found)

    def post(self, path: str, content: object, **headers: str) -> Reply:
        return self.call("POST", path, json.dumps(content).encode(), Content_Type=JSON, **headers)

    def scores(self, instances: list[dict[str, Any]]) -> list[float]:
        reply = self.post("/invocations", {"instances": instances})
        assert reply.status == 200, reply.body
        return [prediction["score"] for prediction in reply.json["predictions"]]

    @contextmanager
    def connected(self, timeout: float = 20) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            yield connection
        finally:
            connection.close()

    def raw(self, content: bytes, timeout: float = 20) -> socket.socket:
        """Send bytes, whatever they are, and leave the connection open."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout)
        client.sendall(content)
        return client

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in path.read_text().split()]

    def said(self) -> str:
        return self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def _port(self) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := STARTED.search(self.said()):
                return int(found[1])
            time.sleep(0.01)
        raise AssertionError(f"the server did not start: {self.said()}")


def program(*options: str | Path) -> list[str]:
    return [sys.executable, "-m", "pairloom", "container", "serve", *map(str, options)]


@contextmanager
def served(
    root: Path, log: Path, *options: str, workers: int = 2, **environment: str
) -> Iterator[Endpoint]:
    """Serve a root folder until the block ends."""
    command = program("--root", root, "--port", "0", "--workers", str(workers), *options)
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, env=os.environ | environment)
    try:
        yield Endpoint(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def root_of(model: Model, root: Path) -> Path:
    """Lay a model out as a container finds it."""
    (root / "model").mkdir(parents=True)
    model.save(root / "model" / "model_algo-1")
    return root
