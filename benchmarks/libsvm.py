"""Reading and writing libsvm text: megabytes per second, against scikit-learn's reader.

Each round times both sides once, ours first in even rounds; medians over the rounds. Files lie in
the page cache; both sides use one thread. scikit-learn makes float64 values, its default.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.datasets import load_svmlight_file

from pairloom.formats import read_libsvm, write_libsvm


@dataclass
class Seconds:
    """Wall time, and processor time of all threads."""

    wall: float
    cpu: float


def make_workloads(rows: int) -> Iterator[tuple[str, Any]]:
    random = np.random.default_rng(0)
    one_hot = _one_hot(random, rows, 39)
    yield "39 ids, all of value 1", one_hot
    values = random.normal(size=one_hot.nnz)
    yield "39 values of 6 decimals", _with_values(one_hot, np.round(values, 6))
    yield "39 values, all of float32", _with_values(one_hot, values.astype(np.float32))
    yield "39 values, all of float64", _with_values(one_hot, values)


def _one_hot(random: np.random.Generator, rows: int, fields: int, width: int = 1_000_000) -> Any:
    """One id of each field's own range per row."""
    ranges = np.linspace(0, width, fields + 1).astype(np.int64)
    ids = random.integers(ranges[:-1], ranges[1:], (rows, fields)).astype(np.int32)
    ones = np.ones(ids.size, np.float32)
    return sparse.csr_matrix((ones, ids.ravel(), np.arange(rows + 1) * fields), (rows, width))


def _with_values(rows: Any, values: Any) -> Any:
    return sparse.csr_matrix((values, rows.indices, rows.indptr), rows.shape)


def seconds_of(work: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds = Seconds(time.perf_counter() - wall, time.process_time() - cpu)
    del result
    return seconds


def measure(name: str, rows: Any, folder: Path, rounds: int) -> None:
    path = folder / "rows.libsvm"
    labels = np.arange(rows.shape[0]) % 2

    def write() -> None:
        write_libsvm(path, rows, labels.astype(np.float32))

    def read() -> object:
        return read_libsvm(path, zero_based=False)

    def read_theirs() -> object:
        return load_svmlight_file(path, zero_based=False)

    written = statistics.median(seconds_of(write).wall for _ in range(rounds))
    read()
    ours: list[Seconds] = []
    theirs: list[Seconds] = []
    for number in range(rounds):
        pair = [(read, ours), (read_theirs, theirs)]
        for work, taken in pair if number % 2 == 0 else pair[::-1]:
            taken.append(seconds_of(work))
    megabytes = path.stat().st_size / 1e6
    wall = statistics.median(seconds.wall for seconds in ours)
    cpu = statistics.median(seconds.cpu for seconds in ours)
    their_wall = statistics.median(seconds.wall for seconds in theirs)
    print(
        f"{name:26} {megabytes:6.1f} MB  read {megabytes / wall:4.0f} MB/s wall"
        f"  {megabytes / cpu:4.0f} MB/s of CPU time"
        f"  scikit-learn {megabytes / their_wall:4.1f} MB/s"
        f"  {their_wall / wall:5.1f} times  write {megabytes / written:4.0f} MB/s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in make_workloads(arguments.rows):
            measure(name, rows, Path(folder), arguments.rounds)


if __name__ == "__main__":
    main()
