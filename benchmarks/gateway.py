"""What InvokeEndpoint's way through the platform's API adds to a single-row request.

One serving process is asked directly and through the API's process, by the same client over
connections that are kept, in turns, at half of what the way through the API can do at most.
Requests are signed beforehand: what a client's own signing costs is the client's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from machine import describe_machine
from pairloom import Model
from pairloom.hyperparameters import resolve
from pairloom.platform.identity import make_key_pair
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

WIDTH, FACTORS = 784, 10
CONNECTIONS = 8
LISTENS = re.compile(r"on http://127\.0\.0\.1:(\d+) with")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Way:
    """Where a request is sent, and its bytes."""

    name: str
    port: int
    message: bytes


class Connection:
    """A connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, message: bytes) -> None:
        self._writer.write(message)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise RuntimeError(head.decode("latin-1"))
        await self._reader.readexactly(int(length[1]))

    def close(self) -> None:
        self._writer.close()


async def connected(way: Way) -> list[Connection]:
    pairs = [await asyncio.open_connection("127.0.0.1", way.port) for _ in range(CONNECTIONS)]
    return [Connection(*pair) for pair in pairs]


async def most_per_second(way: Way, seconds: float) -> float:
    """Return how many requests are answered when as many as there are connections wait always."""
    connections = await connected(way)
    counts = [0] * len(connections)
    begin = time.perf_counter()

    async def keep_asking(number: int) -> None:
        while time.perf_counter() - begin < seconds:
            await connections[number].ask(way.message)
            counts[number] += 1

    await asyncio.gather(*(keep_asking(number) for number in range(len(connections))))
    for connection in connections:
        connection.close()
    return sum(counts) / (time.perf_counter() - begin)


async def times_at(way: Way, rate: float, seconds: float) -> list[float]:
    """Return the seconds that each request took from when it was due, at a fixed rate."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    connections = await connected(way)
    for connection in connections:
        idle.put_nowait(connection)
    times: list[float] = []

    async def ask(due: float) -> None:
        connection = await idle.get()
        await connection.ask(way.message)
        times.append(time.perf_counter() - due)
        idle.put_nowait(connection)

    begin = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = begin + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*tasks)
    for connection in connections:
        connection.close()
    return times


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run a serving process with one worker; yields its port."""
    rng = np.random.default_rng(0)
    settings = {"feature_dim": WIDTH, "num_factors": FACTORS, "predictor_type": "binary_classifier"}
    (folder / "model").mkdir(parents=True)
    Model.from_parameters(
        resolve(settings),
        bias=0.0,
        linear_weights=rng.normal(size=WIDTH).astype(np.float32),
        factors=rng.normal(size=(WIDTH, FACTORS)).astype(np.float32),
    ).save(folder / "model" / "model_algo-1")
    program = [sys.executable, "-m", "pairloom", "container", "serve", "--root", str(folder)]
    with running([*program, "--port", "0", "--workers", "1"]) as process:
        if process.stderr is None:
            raise RuntimeError("the serving process has no standard error")
        for line in process.stderr:
            if found := LISTENS.search(line.decode()):
                yield int(found[1])
                return


@contextmanager
def gateway(folder: Path, backend: int) -> Iterator[PlatformSettings]:
    """Run the API's process beside one endpoint, `digits`, that the serving process answers for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = PlatformSettings(folder=folder, port=listener.getsockname()[1])
        settings.write()
        make_key_pair().write(settings.keys_file)
        routes = [{"host": "127.0.0.1", "port": backend}]
        variant = {"name": "AllTraffic", "weight": 1.0, "routes": routes}
        with Store(settings.database_url) as store:
            store.endpoints.create("digits", {}, status="InService", variants=[variant])
        number = listener.fileno()
        api = [sys.executable, "-m", "pairloom.platform.supervisor.api_process"]
        command = [*api, "--dir", str(folder), "--descriptor", str(number)]
        with running(command, descriptor=number):
            yield settings


@contextmanager
def running(command: list[str], descriptor: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    passed = () if descriptor is None else (descriptor,)
    with subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=passed) as process:
        try:
            yield process
        finally:
            process.terminate()


def message(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name != "Host"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def signed(settings: PlatformSettings, path: str, body: bytes) -> dict[str, str]:
    pair = json.loads(settings.keys_file.read_text())
    request = AWSRequest(
        "POST", f"{settings.api_endpoint}{path}", {"Content-Type": "application/json"}, body
    )
    credentials = Credentials(pair["access_key_id"], pair["secret_access_key"])
    SigV4Auth(credentials, "sagemaker", settings.region).add_auth(request)
    return dict(request.headers.items())


def milliseconds(times: list[float], share: float) -> float:
    return 1e3 * sorted(times)[int(share * (len(times) - 1))]


async def measure(direct: Way, through: Way, seconds: float, rounds: int) -> None:
    for way in (direct, through):
        await most_per_second(way, 0.5)
    most = {way.name: await most_per_second(way, seconds) for way in (direct, through)}
    for name, per_second in most.items():
        print(f"{name:<12} {per_second:7.0f} requests per second at most")
    rate = most[through.name] / 2
    seen: dict[str, list[list[float]]] = {direct.name: [], through.name: []}
    for _ in range(rounds):
        for way in (direct, through):
            seen[way.name].append(await times_at(way, rate, seconds))
    print(f"at {rate:.0f} requests per second, half of the most, medians of {rounds} runs:")
    for share, label in ((0.5, "half"), (0.95, "95 %")):
        found = {
            name: [milliseconds(times, share) for times in runs] for name, runs in seen.items()
        }
        middle = {name: statistics.median(times) for name, times in found.items()}
        added = statistics.median(
            through_time - direct_time
            for direct_time, through_time in zip(*found.values(), strict=True)
        )
        print(
            f"{label} of requests within {middle[direct.name]:.2f} ms direct, "
            f"{middle[through.name]:.2f} ms through the gateway: {added:.2f} ms added"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    row = np.where(np.random.default_rng(1).random(WIDTH) < 0.2, 0.5, 0.0).tolist()
    body = json.dumps({"instances": [{"features": row}]}).encode()
    path = "/endpoints/digits/invocations"
    print("\n".join(describe_machine()))
    with tempfile.TemporaryDirectory() as name, serving(Path(name) / "model") as port:
        plain = message(port, "/invocations", body, {"Content-Type": "application/json"})
        with gateway(Path(name) / "platform", port) as settings:
            api = message(settings.port, path, body, signed(settings, path, body))
            ways = Way("direct", port, plain), Way("gateway", settings.port, api)
            asyncio.run(measure(*ways, options.seconds, options.rounds))


if __name__ == "__main__":
    main()
