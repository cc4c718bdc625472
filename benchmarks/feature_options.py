"""What the options of a growing table save in memory, and what they cost in log loss.

    python benchmarks/feature_options.py            # one draw of the click rows
    python benchmarks/feature_options.py --seeds 3

Each option trains on the click rows for one epoch, in a process of its own whose memory is
read before and after, and is measured on the test rows.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import statistics
from dataclasses import dataclass

from click_data import load_click_data
from contestants import LOSS, SETTINGS
from feature_tables import resident_bytes
from machine import describe_machine
from pairloom.hyperparameters import resolve
from pairloom.training import TrainingState, evaluate, train

OPTIONS: dict[str, dict[str, object]] = {
    "none": {},
    "admission_count 2": {"admission_count": 2},
    "admission_count 3": {"admission_count": 3},
    "admission_count 5": {"admission_count": 5},
    "admission_count 10": {"admission_count": 10},
    "rowwise_state": {"rowwise_state": True},
    "rowwise_state, admission_count 3": {"rowwise_state": True, "admission_count": 3},
    "bfloat16": {"factor_type": "bfloat16"},
    "rowwise_state, bfloat16": {"rowwise_state": True, "factor_type": "bfloat16"},
    "rowwise_state, bfloat16, admission_count 3": {
        "rowwise_state": True,
        "factor_type": "bfloat16",
        "admission_count": 3,
    },
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one training run took and gave."""

    log_loss: float
    best_log_loss: float  # of the probabilities that the labels were drawn with
    num_entries: int
    memory_bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Options of a growing table.")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--optimizers", nargs="+", default=["adagrad"])
    arguments = parser.parse_args()
    print("\n".join(describe_machine()))
    for optimizer in arguments.optimizers:
        print(f"\n{optimizer}, k = 8, {arguments.seeds} draws, medians\n")
        print("| option | features with an entry | memory | log loss | more than without |")
        print("| --- | ---: | ---: | ---: | ---: |")
        compare(optimizer, range(1, arguments.seeds + 1))


def compare(optimizer: str, seeds: range) -> None:
    plain = [cost_of(seed, optimizer, {}) for seed in seeds]
    for name, option in OPTIONS.items():
        costs = [cost_of(seed, optimizer, option) for seed in seeds] if option else plain
        more = [
            100 * (cost.log_loss / before.log_loss - 1)
            for cost, before in zip(costs, plain, strict=True)
        ]
        entries = statistics.median(cost.num_entries for cost in costs)
        memory = statistics.median(cost.memory_bytes for cost in costs) / 1e6
        loss = statistics.median(cost.log_loss for cost in costs)
        print(
            f"| {name} | {entries:,.0f} | {memory:.0f} MB | {loss:.4f} "
            f"| {statistics.median(more):+.2f} % |",
            flush=True,
        )
    print(f"\nThe best possible: {statistics.median(cost.best_log_loss for cost in plain):.4f}")


def cost_of(seed: int, optimizer: str, option: dict[str, object]) -> Cost:
    """Train in a new process, so that its memory is this run's alone."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(train_once, (seed, optimizer, option))


def train_once(seed: int, optimizer: str, option: dict[str, object]) -> Cost:
    data = load_click_data(seed)
    rows, test = data.train.batch(data.feature_dim), data.test.batch(data.feature_dim)
    settings = resolve(
        {
            **SETTINGS,
            "_optimizer": optimizer,
            "feature_dim": data.feature_dim,
            "num_factors": 8,
            "linear_lr": 0.03 if optimizer == "adagrad" else 0.003,
            "factors_lr": 0.03 if optimizer == "adagrad" else 0.001,
            "feature_table": "growing",
            "untrained_features": "zero",
            **option,
        }
    )
    state = TrainingState.initial(settings)
    gc.collect()
    before = resident_bytes()
    model = train(rows, settings, state=state).model
    taken = resident_bytes() - before
    return Cost(
        evaluate(model, test)[LOSS], data.figures.best_log_loss, model.table.num_entries, taken
    )


if __name__ == "__main__":
    main()
