"""Request bodies to rows: JSON beside orjson with NumPy, and recordio-protobuf beside JSON.

Each round parses every body once on each side, ours first in even rounds; medians over the rounds.
All sides give the same float32 matrix, which is checked, on one thread.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "examples" / "mnist")]

from mnist import load_mnist  # noqa: E402

from machine import describe_machine  # noqa: E402
from pairloom._core import read_json_rows, read_recordio_rows  # noqa: E402
from pairloom.formats import write_recordio  # noqa: E402

Matrix = npt.NDArray[np.float32]
Parse = Callable[[], Matrix]


@dataclass(frozen=True)
class Workload:
    """The same rows as bodies of two formats."""

    name: str
    rows: Matrix
    json_body: bytes
    recordio_body: bytes

    @classmethod
    def of(cls, name: str, rows: Matrix) -> Workload:
        body = json.dumps({"instances": [{"features": row} for row in rows.tolist()]}).encode()
        file = io.BytesIO()
        write_recordio(file, rows)
        return cls(f"{name}, {len(rows)} x {rows.shape[1]}", rows, body, file.getvalue())


def workloads() -> list[Workload]:
    pixels = load_mnist().test.pixels()
    normal = np.random.default_rng(1).normal(size=(100, 784)).astype(np.float32)
    return [
        Workload.of(name, rows[:count])
        for name, rows in (("MNIST", pixels), ("normal", normal))
        for count in (1, 100)
    ]


def by_orjson(body: bytes) -> Matrix:
    instances = orjson.loads(body)["instances"]
    return np.array([instance["features"] for instance in instances], np.float32)


def seconds_of(parse: Parse, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        parse()
    return (time.perf_counter() - start) / repeats


def measure(workload: Workload, rounds: int) -> dict[str, float]:
    width = workload.rows.shape[1]
    sides: dict[str, Parse] = {
        "json": lambda: _values(read_json_rows(workload.json_body, width, lines=False)),
        "orjson": lambda: by_orjson(workload.json_body),
        "recordio": lambda: _values(read_recordio_rows(workload.recordio_body, width, 0)),
    }
    for parse in sides.values():
        np.testing.assert_array_equal(parse(), workload.rows)
    repeats = max(1, 200 // len(workload.rows))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            seconds[name].append(seconds_of(sides[name], repeats))
    return {name: statistics.median(values) for name, values in seconds.items()}


def _values(arrays: dict[str, Any]) -> Matrix:
    values: Matrix = arrays["values"]
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(*describe_machine(), sep="\n")
    print("microseconds per row; x: how many times as long")
    print(f"{'':<18}{'json':>8}{'orjson + NumPy':>16}{'x':>7}{'recordio':>10}{'json x':>8}")
    for workload in workloads():
        found = measure(workload, rounds)
        ours, theirs, records = (
            found[name] / len(workload.rows) * 1e6 for name in ("json", "orjson", "recordio")
        )
        print(
            f"{workload.name:<18}{ours:>8.1f}{theirs:>16.1f}{theirs / ours:>7.1f}"
            f"{records:>10.2f}{ours / records:>8.1f}"
        )


if __name__ == "__main__":
    main()
