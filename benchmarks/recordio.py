"""Reading recordio-protobuf: bytes per second, and rows per second against the real SDK.

Each round times both sides once, ours first in even rounds; medians over the rounds, and ratios
within a round. Files lie in the page cache; both sides use one thread.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "examples" / "mnist")]

from mnist import load_mnist  # noqa: E402
from sagemaker_sdk import sdk_python  # noqa: E402

from pairloom.formats import read_recordio, write_recordio  # noqa: E402

# Runs in the SDK's environment: a path and a way per line in, seconds per line out.
SDK_PROGRAM = """
import sys, time
import numpy as np
from sagemaker.amazon.common import read_records
def matrix(records):
    tensors = [record.features["values"].float32_tensor for record in records]
    keys = [np.array(tensor.keys) for tensor in tensors]
    return keys, [np.array(tensor.values, np.float32) for tensor in tensors]
print("ready", flush=True)
for line in sys.stdin:
    path, way = line.split()
    with open(path, "rb") as file:
        start = time.perf_counter()
        records = read_records(file)
        if way == "arrays":
            arrays = matrix(records)
        print(time.perf_counter() - start, flush=True)
"""


@dataclass
class Workload:
    """A file and what it holds."""

    name: str
    path: Path
    num_rows: int

    @property
    def num_bytes(self) -> int:
        return self.path.stat().st_size


@dataclass
class Round:
    """One reading by each side."""

    wall_seconds: float
    cpu_seconds: float
    sdk_seconds: float
    sdk_array_seconds: float


def make_workloads(folder: Path) -> Iterator[Workload]:
    train = load_mnist().train
    pixels, labels = train.pixels(), train.zero_labels()
    yield _write(folder, "dense-mnist", pixels, labels)
    yield _write(folder, "sparse-mnist", sparse.csr_matrix(pixels), labels)
    yield _write(folder, "clicks-39-of-1e6", _one_hot(100_000, 39), None)
    yield _write(folder, "pairs-2-of-1e6", _one_hot(200_000, 2), None)


def _write(folder: Path, name: str, rows: Any, labels: Any) -> Workload:
    path = folder / f"{name}.pbr"
    num_rows = rows.shape[0]
    write_recordio(path, rows, np.zeros(num_rows, np.float32) if labels is None else labels)
    return Workload(name, path, num_rows)


def _one_hot(num_rows: int, num_fields: int, width: int = 1_000_000) -> Any:
    """One id of each field's own range per row."""
    ranges = np.linspace(0, width, num_fields + 1).astype(np.int64)
    ids = np.random.default_rng(0).integers(ranges[:-1], ranges[1:], (num_rows, num_fields))
    ones = np.ones(ids.size, np.float32)
    offsets = np.arange(num_rows + 1) * num_fields
    return sparse.csr_matrix((ones, ids.ravel(), offsets), (num_rows, width))


def read_ours(path: Path) -> tuple[float, float]:
    before, start = _cpu_seconds(), time.perf_counter()
    batch = read_recordio(path)
    wall, cpu = time.perf_counter() - start, _cpu_seconds() - before
    del batch
    return wall, cpu


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def sdk_reader() -> Iterator[Callable[[Path, str], float]]:
    """Run the SDK's reader in a process of its own."""
    process = subprocess.Popen(
        [sdk_python(), "-W", "ignore", "-c", SDK_PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    requests, answers = process.stdin, process.stdout
    while answers.readline() not in ("ready\n", ""):
        pass  # the SDK announces its settings first

    def read(path: Path, way: str) -> float:
        requests.write(f"{path} {way}\n")
        requests.flush()
        return float(answers.readline())

    try:
        yield read
    finally:
        requests.close()
        process.wait()


def measure(workload: Workload, read_theirs: Callable[[Path, str], float], rounds: int) -> None:
    read_ours(workload.path)  # fills the page cache
    read_theirs(workload.path, "records")
    done = [_measure_round(workload, read_theirs, ours_first=i % 2 == 0) for i in range(rounds)]
    wall = statistics.median(each.wall_seconds for each in done)
    cpu = statistics.median(each.cpu_seconds for each in done)
    theirs = statistics.median(each.sdk_seconds for each in done)
    ratio = statistics.median(each.sdk_seconds / each.wall_seconds for each in done)
    array_ratio = statistics.median(each.sdk_array_seconds / each.wall_seconds for each in done)
    print(
        f"{workload.name:18} {workload.num_bytes / 1e6:7.1f} MB"
        f"  {workload.num_bytes / wall / 1e9:5.2f} GB/s wall"
        f"  {workload.num_bytes / cpu / 1e9:5.2f} GB/s of CPU time"
        f"  {workload.num_rows / wall:11,.0f} rows/s"
        f"  SDK {workload.num_rows / theirs:9,.0f} rows/s"
        f"  {ratio:6.1f} times read_records"
        f"  {array_ratio:6.1f} times read_records and arrays"
    )


def _measure_round(
    workload: Workload, read_theirs: Callable[[Path, str], float], *, ours_first: bool
) -> Round:
    ours = read_ours(workload.path) if ours_first else (0.0, 0.0)
    records = read_theirs(workload.path, "records")
    arrays = read_theirs(workload.path, "arrays")
    wall, cpu = ours if ours_first else read_ours(workload.path)
    return Round(wall, cpu, records, arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, sdk_reader() as read_theirs:
        for workload in make_workloads(Path(folder)):
            measure(workload, read_theirs, rounds)


if __name__ == "__main__":
    main()
