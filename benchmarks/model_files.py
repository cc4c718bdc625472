"""How long a model file of 1 GB takes to load, and what scoring from the mapping costs.

python benchmarks/model_files.py [--gigabytes 1]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from machine import describe_machine
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.model.native import find_faults

NUM_FACTORS = 8
ROW_BYTES = 48
NUM_ROWS, PER_ROW = 200_000, 39
REPETITIONS = 5


def make_model(feature_dim: int, share_trained: float) -> Model:
    random = np.random.default_rng(0)
    shape = {"feature_dim": feature_dim, "num_factors": NUM_FACTORS}
    policy = "initial" if share_trained == 1 else "zero"
    return Model.from_parameters(
        resolve({**shape, "predictor_type": "binary_classifier", "untrained_features": policy}),
        bias=0.1,
        linear_weights=random.normal(0, 0.1, feature_dim).astype(np.float32),
        factors=random.normal(0, 0.1, (feature_dim, NUM_FACTORS)).astype(np.float32),
        trained=random.random(feature_dim) < share_trained,
    )


def make_rows(feature_dim: int) -> RowBatch:
    random = np.random.default_rng(1)
    width = feature_dim // PER_ROW
    ids = np.arange(PER_ROW) * width + (random.power(0.3, (NUM_ROWS, PER_ROW)) * width).astype(int)
    return RowBatch(
        feature_dim,
        row_offsets=np.arange(0, NUM_ROWS * PER_ROW + 1, PER_ROW, dtype=np.int64),
        feature_ids=ids.ravel().astype(np.int32),
    )


def seconds_of(task: Callable[[], object]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def rows_per_second(model: Model, rows: RowBatch) -> float:
    times = sorted(
        seconds_of(lambda: model.score_rows(rows, num_threads=1)) for _ in range(REPETITIONS)
    )
    return NUM_ROWS / times[REPETITIONS // 2]


def measure(feature_dim: int, share_trained: float, folder: Path) -> None:
    model, rows = make_model(feature_dim, share_trained), make_rows(feature_dim)
    path = folder / "model.pairloom"
    saving = seconds_of(lambda: model.save(path))
    loading = sorted(seconds_of(lambda: Model.load(path)) for _ in range(REPETITIONS))
    loaded = Model.load(path)
    first = seconds_of(lambda: loaded.score_rows(rows, num_threads=1))
    in_memory, mapped = rows_per_second(model, rows), rows_per_second(loaded, rows)
    print(f"{share_trained:.0%} of {feature_dim:,} features trained")
    print(f"  file                      {path.stat().st_size / 1e9:.2f} GB")
    print(f"  save                      {saving:.2f} s")
    print(f"  load                      {1e3 * loading[len(loading) // 2]:.2f} ms, median")
    print(f"  verify                    {seconds_of(lambda: find_faults(path)):.2f} s")
    print(f"  score, table in memory    {in_memory / 1e6:.2f} million rows/s on one core")
    print(f"  score, mapped             {mapped / 1e6:.2f} million rows/s on one core")
    print(f"  score, mapped, first time {NUM_ROWS / first / 1e6:.2f} million rows/s on one core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    feature_dim = int(parser.parse_args().gigabytes * 1e9 / ROW_BYTES)
    print(*describe_machine(), sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for share_trained in (1.0, 0.1):
            measure(feature_dim, share_trained, Path(folder))


if __name__ == "__main__":
    main()
