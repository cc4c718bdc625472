"""What a mini-batch costs when two workers share it over Ray, beside one process with one thread.

.venv-ray/bin/python benchmarks/sync_workers.py
"""

from __future__ import annotations

import pickle

from click_data import load_click_data
from contestants import SETTINGS
from machine import describe_machine
from pairloom.batch import RowBatch
from pairloom.distributed import (
    DistributedSettings,
    SyncOwner,
    SyncWorker,
    Workers,
    train_on_workers,
)
from pairloom.distributed.dealt_rows import deal_rows
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training import TrainingResult, train

NUM_BATCHES = 48  # three commits
MINI_BATCH_SIZES = (1024, 8192)
TWO_WORKERS = DistributedSettings(num_workers=2, mode="sync")


def milliseconds(result: TrainingResult) -> float:
    """Return the time of a mini-batch of the last epoch; the first one pays for the start."""
    return 1000 * result.history[-1].seconds / NUM_BATCHES


def exchanged_bytes(rows: RowBatch, settings: Hyperparameters) -> tuple[int, int]:
    """Return the sizes of one worker's parts and of all owners' answers for a mini-batch."""
    dealt = deal_rows(rows, TWO_WORKERS, settings, replicated=False)
    parts = [
        SyncWorker(TWO_WORKERS, rank, own, settings, num_threads=1).train_round(1)
        for rank, own in enumerate(dealt)
    ]
    answers = [
        SyncOwner(TWO_WORKERS, index, settings).merge(1, [of[index] for of in parts])
        for index in range(TWO_WORKERS.num_owners)
    ]
    return sum(map(_size, parts[0])), sum(map(_size, answers))


def _size(message: object) -> int:
    return len(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def main() -> None:
    print("\n".join(describe_machine()))
    data = load_click_data(seed=1)
    print("| rows | one process, ms | two workers, ms | from each worker, KB | to each, KB |")
    print("|---|---|---|---|---|")
    for size in MINI_BATCH_SIZES:
        rows = data.train.slice(0, size * NUM_BATCHES).batch(data.feature_dim)
        told = {
            **SETTINGS,
            "feature_dim": data.feature_dim,
            "num_factors": 8,
            "epochs": 2,
            "batch_ramp": 0,
        }
        settings = resolve({**told, "mini_batch_size": size})
        alone = train(rows, settings, num_threads=1)
        shared = train_on_workers(Workers(settings=TWO_WORKERS), rows, settings, num_threads=1)
        handed_over, answered = exchanged_bytes(rows, settings)
        print(
            f"| {size:,} | {milliseconds(alone):.2f} | {milliseconds(shared):.1f} | "
            f"{handed_over / 1000:,.0f} | {answered / 1000:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
