"""How much worse than one process workers of mode `local` are after one epoch, by optimizer.

    python benchmarks/merge_rules.py
    python benchmarks/merge_rules.py --rows 200000 --workers 2
    python benchmarks/merge_rules.py --staleness 0 1 2

Workers and owners take turns in this process; what Ray would carry between them is the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import deque
from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from click_data import NUM_TRAIN_ROWS, load_click_data
from contestants import LOSS, SETTINGS
from pairloom.batch import RowBatch
from pairloom.data.joined_rows import rows_between
from pairloom.distributed import DistributedSettings, LocalWorker, Owner, RowDifferences
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model import Model
from pairloom.training import evaluate, train

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "examples" / "mnist")]

from mnist import load_mnist  # noqa: E402
from mnist_settings import INTRODUCTION  # noqa: E402

SEEDS = range(5)
CLICK_RATES = {"adagrad": (0.03,), "ftrl": (0.03, 0.05), "adam": (0.001, 0.002), "sgd": (0.0003,)}
CLICK_ROUND_ROWS = 50_000
MNIST_ROUND_ROWS = 100_000

# Workers, and how many rounds they are ahead.
Spread = tuple[int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description="Workers of mode local beside one process.")
    parser.add_argument("--rows", type=int, default=NUM_TRAIN_ROWS)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--staleness", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    spreads = list(product(arguments.workers, arguments.staleness))
    told = [f"{n} workers" + (f", {ahead} ahead" if ahead else "") for n, ahead in spreads]
    print("| rows | one process | " + " | ".join(told) + " |")
    print("|---" * (2 + len(spreads)) + "|")
    compare_on_mnist(spreads)
    compare_on_clicks(spreads, arguments.rows)


def compare_on_mnist(spreads: Sequence[Spread]) -> None:
    images = load_mnist()
    training, test = images.train.rows(), images.test.rows()
    errors: dict[Spread, list[int]] = {spread: [] for spread in [(1, 0), *spreads]}
    for spread, found in errors.items():
        for seed in SEEDS:
            settings = resolve({**INTRODUCTION, "seed": seed})
            model = trained_by_workers(training, settings, spread, MNIST_ROUND_ROWS)
            accuracy = evaluate(model, test)["binary_classification_accuracy"]
            found.append(round((1 - accuracy) * test.num_rows))
    told = [
        f"{statistics.median(found):g} ({min(found)} to {max(found)})" for found in errors.values()
    ]
    print(f"| MNIST, adam, wrong answers, 5 seeds | {' | '.join(told)} |", flush=True)


def compare_on_clicks(spreads: Sequence[Spread], num_rows: int) -> None:
    data = load_click_data(seed=1)
    training = data.train.slice(0, num_rows).batch(data.feature_dim)
    test = data.test.batch(data.feature_dim)
    for optimizer, rate in ((name, each) for name, rates in CLICK_RATES.items() for each in rates):
        alone: list[float] = []
        above: dict[Spread, list[float]] = {spread: [] for spread in spreads}
        for seed in SEEDS:
            settings = click_settings(optimizer, rate, data.feature_dim, seed)
            alone.append(evaluate(train(training, settings).model, test)[LOSS])
            for spread, found in above.items():
                model = trained_by_workers(training, settings, spread, CLICK_ROUND_ROWS)
                found.append(evaluate(model, test)[LOSS] / alone[-1] - 1)
        told = [
            f"{statistics.median(found):+.2%} ({min(found):+.2%} to {max(found):+.2%})"
            for found in above.values()
        ]
        one = f"{statistics.median(alone):.4f} ({min(alone):.4f} to {max(alone):.4f})"
        print(f"| clicks, {optimizer} {rate:g} | {one} | {' | '.join(told)} |", flush=True)


def click_settings(optimizer: str, rate: float, feature_dim: int, seed: int) -> Hyperparameters:
    changes: dict[str, Any] = {"_optimizer": optimizer, "linear_lr": rate, "factors_lr": rate}
    changes["seed"] = seed
    # The bias holds every row: SGD's diverges at the rate that suits features.
    changes["bias_lr"] = rate / 10 if optimizer == "sgd" else rate
    return resolve({**SETTINGS, **changes, "num_factors": 8, "feature_dim": feature_dim})


def trained_by_workers(
    rows: RowBatch, settings: Hyperparameters, spread: Spread, round_rows: int
) -> Model:
    num_workers, staleness = spread
    distributed = DistributedSettings(
        num_workers=num_workers, num_owners=1, round_rows=round_rows, staleness=staleness
    )
    bounds = [rows.num_rows * rank // num_workers for rank in range(num_workers + 1)]
    workers = [
        LocalWorker(distributed, rank, rows_between(rows, *part), settings, num_threads=1)
        for rank, part in enumerate(pairwise(bounds))
    ]
    owner = Owner(distributed, 0, settings)
    merged: deque[RowDifferences] = deque(maxlen=1 + staleness)
    number = 0
    while not workers[0].finished:
        number += 1
        merged.append(owner.merge(number, [worker.train_round(number)[0] for worker in workers]))
        if number > staleness:
            for worker in workers:
                worker.absorb([merged[0]])
    return workers[0].model


if __name__ == "__main__":
    main()
