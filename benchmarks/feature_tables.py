"""What a table that grows with the features seen costs beside a fixed one: time and memory.

    python benchmarks/feature_tables.py            # 3 pairs
    python benchmarks/feature_tables.py --pairs 7

Click rows are trained on for one epoch in either table, in turn, and the times of each pair are
compared; both give the same model. Then rows of features that are nearly all new, out of 2^31 - 1,
show what one feature takes.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from pathlib import Path

import numpy as np

from click_data import load_click_data
from contestants import SETTINGS
from machine import describe_machine
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import TrainingState, train
from pairloom.training.feature_table import bytes_per_feature

WIDEST = 2**31 - 1
NEW_ROWS, NEW_PER_ROW = 50_000, 20
FORMS = ((8, "adagrad"), (8, "adam"), (16, "adam"))


def main() -> None:
    parser = argparse.ArgumentParser(description="A growing table beside a fixed one.")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    print("\n".join(describe_machine()))
    data = load_click_data(1)
    rows = data.train.batch(data.feature_dim, real_valued=False)
    for num_threads in arguments.threads:
        compare(rows, num_threads, arguments.pairs)
    for num_factors, optimizer in FORMS:
        measure_memory(num_factors, optimizer)


def compare(rows: RowBatch, num_threads: int, num_pairs: int) -> None:
    ratios: dict[str, list[float]] = {"processor time": [], "time": []}
    for pair in range(num_pairs):
        tables = ("fixed", "growing") if pair % 2 == 0 else ("growing", "fixed")
        taken = {table: train_once(rows, table, num_threads) for table in tables}
        for what, ours, theirs in zip(ratios, taken["growing"], taken["fixed"], strict=True):
            ratios[what].append(ours / theirs)
    for what, found in ratios.items():
        print(
            f"{num_threads} threads: a growing table takes {statistics.median(found):.2f} times "
            f"the fixed one's {what} ({min(found):.2f} to {max(found):.2f})"
        )


def train_once(rows: RowBatch, table: str, num_threads: int) -> tuple[float, float]:
    """Return processor seconds and seconds of one epoch, drawing of parameters among them."""
    given = {**SETTINGS, "num_factors": 8, "feature_dim": rows.feature_dim}
    settings = resolve({**given, "linear_lr": 0.03, "factors_lr": 0.03, "feature_table": table})
    cpu, wall = time.process_time(), time.perf_counter()
    train(rows, settings, num_threads=num_threads)
    return time.process_time() - cpu, time.perf_counter() - wall


def measure_memory(num_factors: int, optimizer: str) -> None:
    random = np.random.default_rng(0)
    ids = np.sort(random.integers(0, WIDEST, (NEW_ROWS, NEW_PER_ROW)).astype(np.int32), axis=1)
    rows = RowBatch(
        WIDEST,
        np.arange(0, ids.size + 1, NEW_PER_ROW),
        ids.ravel(),
        labels=(random.random(NEW_ROWS) < 0.5).astype(np.float32),
    )
    settings = resolve(
        {
            "feature_dim": WIDEST,
            "num_factors": num_factors,
            "predictor_type": "binary_classifier",
            "_optimizer": optimizer,
        }
    )
    state = TrainingState.initial(settings)
    before = resident_bytes()
    train(rows, settings, state=state)
    each = (resident_bytes() - before) / state.trainer.num_entries
    print(
        f"k = {num_factors}, {optimizer}: {each:.0f} bytes for each of "
        f"{state.trainer.num_entries:,} features seen; at most {bytes_per_feature(settings)}"
    )


def resident_bytes() -> int:
    found = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


if __name__ == "__main__":
    main()
