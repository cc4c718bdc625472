"""Small click-like rows, and workers and owners in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pairloom.batch import RowBatch
from pairloom.data.joined_rows import rows_between
from pairloom.distributed import OWNER_TYPES, WORKER_TYPES, DistributedSettings, RowDifferences
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model import Model
from pairloom.training import TrainingState

NUM_FIELDS, FIELD_SIZE = 6, 200
FEATURE_DIM = NUM_FIELDS * FIELD_SIZE

STIFFNESS = 12.0  # of merges, for each unit of learning rate


def click_rows(num_rows: int, *, seed: int = 0) -> RowBatch:
    """Draw rows whose features are few frequent and many rare ones."""
    rng = np.random.default_rng(seed)
    ranks = rng.zipf(1.3, (num_rows, NUM_FIELDS)) % FIELD_SIZE
    ids = (ranks + FIELD_SIZE * np.arange(NUM_FIELDS)).astype(np.int32)
    effects = np.random.default_rng(99).normal(0, 1, FEATURE_DIM)
    probabilities = 1 / (1 + np.exp(-effects[ids].sum(axis=1)))
    return RowBatch(
        feature_dim=FEATURE_DIM,
        row_offsets=np.arange(num_rows + 1) * NUM_FIELDS,
        feature_ids=ids.ravel(),
        labels=(rng.random(num_rows) < probabilities).astype(np.float32),
    )


def click_settings(**changes: Any) -> Hyperparameters:
    return resolve(
        {
            "feature_dim": FEATURE_DIM,
            "num_factors": 4,
            "predictor_type": "binary_classifier",
            "_optimizer": "adagrad",
            "mini_batch_size": 50,
            "linear_lr": 0.05,
            "factors_lr": 0.05,
            **changes,
        }
    )


def shares(rows: RowBatch, num_workers: int) -> list[RowBatch]:
    bounds = [rows.num_rows * rank // num_workers for rank in range(num_workers + 1)]
    return [rows_between(rows, begin, end) for begin, end in pairwise(bounds)]


def parameter_bytes(model: Model) -> bytes:
    return (
        np.float32(model.bias).tobytes() + model.linear_weights.tobytes() + model.factors.tobytes()
    )


def seen_bytes(model: Model) -> bytes:
    """Return which features a model holds, and their parameters."""
    features = model.stored_features
    linear_weights, factors = model.parameters_of(features)
    arrays = (np.float32(model.bias), features, linear_weights, factors)
    return b"".join(array.tobytes() for array in arrays)


@dataclass
class LocalCluster:
    """Workers and owners of one run, round by round."""

    settings: DistributedSettings
    hyperparameters: Hyperparameters
    rows: Sequence[RowBatch | None]
    folder: Path | None = None
    start: TrainingState | None = None
    number: int = 0
    merged: list[list[RowDifferences]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workers = [
            WORKER_TYPES[self.settings.mode](
                self.settings,
                rank,
                rows,
                self.hyperparameters,
                state=self._start(),
                num_threads=1,
            )
            for rank, rows in enumerate(self.rows)
        ]
        self.owners = [
            OWNER_TYPES[self.settings.mode](
                self.settings,
                index,
                self.hyperparameters,
                folder=None if self.folder is None else self.folder / f"owner-{index}",
                state=self._start(),
            )
            for index in range(self.settings.num_owners)
        ]

    def _start(self) -> TrainingState | None:
        return None if self.start is None else self.start.copy()

    def restore(self, number: int) -> None:
        entries = [owner.restore(number) for owner in self.owners]
        for worker in self.workers:
            worker.restore(entries)
        self.number = number

    def one_round(self) -> list[Sequence[Any]]:
        """Return the workers' parts."""
        self.number += 1
        parts = [worker.train_round(self.number) for worker in self.workers]
        merged = [
            owner.merge(self.number, [each[index] for each in parts])
            for index, owner in enumerate(self.owners)
        ]
        self.merged.append(merged)
        if self.folder is not None:
            for owner in self.owners:
                owner.commit(self.number)
        if len(self.merged) > self.settings.staleness:
            for worker in self.workers:
                worker.absorb(self.merged[-1 - self.settings.staleness])
        return parts

    def run(self, until: Callable[[], bool] | None = None) -> LocalCluster:
        while not self.workers[0].finished and not (until is not None and until()):
            self.one_round()
        return self


def run_for_ever(settings: DistributedSettings, folder: Path) -> None:
    """Commit rounds until killed; it stands where a process of its own can import it."""
    rows = shares(click_rows(3000), settings.num_workers)
    run = LocalCluster(settings, click_settings(epochs=1000), rows, folder)
    while True:
        run.one_round()
