"""What a request costs: requests per second beside an empty handler and one of Python's own parts,
how long single rows wait at half load, and ranking beside scoring whole rows.

The server runs on one core and the load generator on another. `wrk` saturates it; both sides of a
comparison are paths of one process and take turns, in pairs. `hey` asks at a fixed rate. Beside
the clock's requests per second stands the processor time of the server per request, which other
programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import os
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
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "examples" / "mnist")]

from mnist import load_mnist  # noqa: E402

from machine import describe_machine  # noqa: E402
from pairloom.hyperparameters import resolve  # noqa: E402
from pairloom.model import Model  # noqa: E402
from pairloom.training import train  # noqa: E402

PORT = 9347
SERVER_CORE, CLIENT_CORE = 0, 1
JSON_HEADERS = {"Content-Type": "application/json"}
RANK_WIDTH, RANK_FACTORS = 20_000, 16
NUM_CANDIDATES, CANDIDATE_FEATURES, CONTEXT_FEATURES = 10_000, 5, 30
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw, and what it cost the server."""

    per_second: float
    processor_microseconds: float


class Server:
    """The process of serving_peers.py."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def post(self, path: str, body: bytes) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        connection.request("POST", path, body, JSON_HEADERS)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {content[:200]!r}")
        return json.loads(content)

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


@contextmanager
def running(artifact: Path) -> Iterator[Server]:
    command = [sys.executable, str(Path(__file__).with_name("serving_peers.py")), artifact, PORT]
    process = subprocess.Popen(
        pinned(SERVER_CORE, map(str, command)), env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    )
    try:
        server = Server(process)
        wait_until_it_answers(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + 30
    with socket.socket() as client:
        while client.connect_ex(("127.0.0.1", PORT)) != 0:
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
    server.post("/empty", b"{}")


def pinned(core: int, command: Any) -> list[str]:
    if len(os.sched_getaffinity(0)) < 2:
        return list(command)
    return ["taskset", "--cpu-list", str(core), *command]


def saturate(server: Server, path: str, script: Path, connections: int, seconds: int) -> Load:
    url = f"http://127.0.0.1:{PORT}{path}"
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
    before = server.processor_seconds()
    output = subprocess.run(
        pinned(CLIENT_CORE, wrk), capture_output=True, text=True, check=True
    ).stdout
    used = server.processor_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{path}: {output}")
    requests = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    per_second = float(re.search(r"Requests/sec:\s+(\S+)", output)[1])  # type: ignore[index]
    return Load(per_second, 1e6 * used / requests)


def compare(
    server: Server, paths: tuple[str, str], script: Path, connections: int, options: Any
) -> float:
    """Print both paths' speed and the ratio, second by first; return the second's speed."""
    runs: dict[str, list[Load]] = {path: [] for path in paths}
    for turn in range(options.rounds):
        for path in paths if turn % 2 == 0 else reversed(paths):
            runs[path].append(saturate(server, path, script, connections, options.seconds))
    for path in paths:
        speed = statistics.median(run.per_second for run in runs[path])
        cost = statistics.median(run.processor_microseconds for run in runs[path])
        print(f"  {path:<13} {speed:9,.0f} requests/s  {cost:8,.0f} us of processor each")
    first, second = (runs[path] for path in paths)
    by_clock = [b.per_second / a.per_second for a, b in zip(first, second, strict=True)]
    by_processor = [
        a.processor_microseconds / b.processor_microseconds
        for a, b in zip(first, second, strict=True)
    ]
    for name, ratios in (("requests/s", by_clock), ("processor", by_processor)):
        low, high = min(ratios), max(ratios)
        print(
            f"  {paths[1]} to {paths[0]} by {name}: {statistics.median(ratios):.2f} "
            f"({low:.2f} to {high:.2f})"
        )
    return statistics.median(run.per_second for run in second)


def waiting_times(path: str, body: Path, rate: float, seconds: int) -> list[float]:
    """Ask at a fixed rate and return how long each answer took, ascending."""
    clients = 4
    hey = ["hey", "-z", f"{seconds}s", "-c", str(clients), "-q", f"{rate / clients:.0f}"]
    hey += ["-cpus", "1", "-m", "POST", "-T", "application/json", "-D", str(body), "-o", "csv"]
    output = subprocess.run(
        pinned(CLIENT_CORE, [*hey, f"http://127.0.0.1:{PORT}{path}"]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = list(csv.DictReader(io.StringIO(output)))
    if not rows or any(row["status-code"] != "200" for row in rows):
        raise RuntimeError(f"hey: {output[:500]}")
    return sorted(float(row["response-time"]) for row in rows)


def print_waiting_times(rate: float, body: Path, options: Any) -> None:
    """Print how long requests wait, and how long those of an empty handler do on this machine."""
    print(f"the same at half of that rate, {rate:,.0f} requests/s")
    paths = ("/empty", "/invocations")
    waits: dict[str, list[tuple[float, float, float]]] = {path: [] for path in paths}
    for _ in range(options.rounds):
        for path in paths:
            times = waiting_times(path, body, rate, options.seconds)
            p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
            waits[path].append((p99 / p50, p50, p99))
    for path, found in waits.items():
        ratio, p50, p99 = sorted(found)[len(found) // 2]
        print(
            f"  {path:<13} p50 {1e3 * p50:.2f} ms, p99 {1e3 * p99:.2f} ms, "
            f"ratio {ratio:.1f} ({min(found)[0]:.1f} to {max(found)[0]:.1f})"
        )


def mnist_artifact(folder: Path) -> Path:
    settings = {"feature_dim": 784, "num_factors": 10, "predictor_type": "binary_classifier"}
    rows = load_mnist().train.slice(0, 5000).rows()
    given = {**settings, "epochs": 2, "mini_batch_size": 100, "factors_lr": 0.01}
    train(rows, resolve(given)).model.save(folder / "model_algo-1")
    return folder / "model_algo-1"


def request_of(folder: Path, name: str, body: bytes) -> tuple[Path, Path]:
    """Write a body, and a script that lets wrk send it."""
    file, script = folder / f"{name}.json", folder / f"{name}.lua"
    file.write_bytes(body)
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f'local file = io.open("{file}")\nwrk.body = file:read("*a")\n'
    )
    return file, script


def measure_scoring(folder: Path, options: Any) -> None:
    artifact = mnist_artifact(folder)
    pixels = load_mnist().test.slice(0, 100).pixels()
    instances = [{"features": row} for row in pixels.tolist()]
    one = json.dumps({"instances": instances[:1]}).encode()
    hundred = json.dumps({"instances": instances}).encode()
    one_file, one_script = request_of(folder, "one", one)
    _, hundred_script = request_of(folder, "hundred", hundred)
    with running(artifact) as server:
        ours, theirs = (server.post(path, hundred) for path in ("/invocations", "/numpy"))
        np.testing.assert_allclose(
            [line["score"] for line in ours["predictions"]],
            [line["score"] for line in theirs["predictions"]],
            rtol=1e-3,
        )
        print(f"one row of 784 values, {len(one):,} bytes, beside an empty handler")
        speed = compare(server, ("/empty", "/invocations"), one_script, 8, options)
        print_waiting_times(speed / 2, one_file, options)
        print(f"100 rows, {len(hundred):,} bytes, beside Starlette with orjson and NumPy")
        compare(server, ("/numpy", "/invocations"), hundred_script, 4, options)


def instance_of(keys: list[int]) -> dict[str, Any]:
    tensor = {"keys": keys, "shape": [RANK_WIDTH], "values": [1] * len(keys)}
    return {"data": {"features": tensor}}


def measure_ranking(folder: Path, options: Any) -> None:
    random = np.random.default_rng(0)
    shape = {"feature_dim": RANK_WIDTH, "num_factors": RANK_FACTORS}
    Model.from_parameters(
        resolve({**shape, "predictor_type": "regressor"}),
        bias=0.0,
        linear_weights=random.normal(size=RANK_WIDTH).astype(np.float32),
        factors=random.normal(size=(RANK_WIDTH, RANK_FACTORS)).astype(np.float32),
    ).save(folder / "model_algo-1")
    half = RANK_WIDTH // 2
    context = sorted(random.choice(half, CONTEXT_FEATURES, replace=False).tolist())
    candidates = [
        sorted((half + random.choice(half, CANDIDATE_FEATURES, replace=False)).tolist())
        for _ in range(NUM_CANDIDATES)
    ]
    bodies = {
        "/rank": {
            "context": context,
            "candidates": candidates,
            "count": 10,
        },
        "/invocations": {"instances": [instance_of(context + keys) for keys in candidates]},
    }
    sent = {path: json.dumps(body).encode() for path, body in bodies.items()}
    with running(folder / "model_algo-1") as server:
        scores = [
            line["score"]
            for line in server.post("/invocations", sent["/invocations"])["predictions"]
        ]
        ranking = server.post("/rank", sent["/rank"])["ranking"]
        assert [line["candidate"] for line in ranking] == np.argsort(scores)[::-1][:10].tolist()
        print(
            f"{NUM_CANDIDATES:,} candidates of {CANDIDATE_FEATURES} features beside a context of "
            f"{CONTEXT_FEATURES}, k = {RANK_FACTORS}: bodies of "
            f"{len(sent['/rank']):,} and, as whole rows, {len(sent['/invocations']):,} bytes"
        )
        for path, body in sent.items():
            request_of(folder, path[1:], body)
        scripts = {path: folder / f"{path[1:]}.lua" for path in sent}
        loads: dict[str, list[Load]] = {path: [] for path in sent}
        for _ in range(options.rounds):
            for path in sent:
                loads[path].append(saturate(server, path, scripts[path], 1, options.seconds))
    for path, runs in loads.items():
        milliseconds = 1e3 / statistics.median(run.per_second for run in runs)
        cost = statistics.median(run.processor_microseconds for run in runs) / 1e3
        print(f"  {path:<13} {milliseconds:7.1f} ms a request, {cost:6.1f} ms of processor")
    pairs = list(zip(loads["/rank"], loads["/invocations"], strict=True))
    by_clock = statistics.median(rank.per_second / whole.per_second for rank, whole in pairs)
    by_processor = statistics.median(
        whole.processor_microseconds / rank.processor_microseconds for rank, whole in pairs
    )
    print(f"  /rank is {by_clock:.1f} times faster by the clock, {by_processor:.1f} by processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs; default 5")
    parser.add_argument("--seconds", type=int, default=1, help="of each run; default 1")
    options = parser.parse_args()
    print(*describe_machine(), sep="\n")
    install = ROOT / "scripts" / "install_system_packages.sh"
    subprocess.run([install, "wrk", "hey"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        measure_scoring(Path(folder), options)
    with tempfile.TemporaryDirectory() as folder:
        measure_ranking(Path(folder), options)


if __name__ == "__main__":
    main()
