"""Rows to train on, as the loop over epochs takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pairloom._core import KeptBatches, Rows, shuffled_rows
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.binary_labels import check_labels
from pairloom.hyperparameters import Hyperparameters

RowOrder = npt.NDArray[np.uint32]

# Prepared mini-batches of one epoch serve the next while they take less than this times the rows.
_KEPT_SHARE = 1.0


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows that were checked, with the positions that have a positive weight."""

    batch: RowBatch
    checked: Rows
    kept: RowOrder | None  # None: all, in the file's order

    @property
    def num_rows(self) -> int:
        return self.batch.num_rows if self.kept is None else len(self.kept)

    def order(self, hyperparameters: Hyperparameters, epoch: int) -> RowOrder | None:
        """Return the rows in the order of one epoch, or None for the file's order."""
        if not hyperparameters.shuffle:
            return self.kept
        shuffled = shuffled_rows(hyperparameters.seed, epoch, self.num_rows)
        return shuffled if self.kept is None else self.kept[shuffled]

    def kept_batches(self, hyperparameters: Hyperparameters) -> KeptBatches | None:
        """Return room for prepared mini-batches where every epoch has the same ones."""
        same_batches = self.kept is None and not hyperparameters.shuffle
        if not same_batches or hyperparameters.epochs == 1 or not hyperparameters.lazy_update:
            return None
        return KeptBatches(int(_KEPT_SHARE * self.batch.num_bytes))


def take_rows(rows: RowBatch, hyperparameters: Hyperparameters) -> TrainingRows:
    """Check rows that are to be trained on.

    Raises
    ------
    DataError
        They do not fit the hyperparameters, or none has a positive weight.
    """
    if rows.labels is None:
        raise DataError("rows to train on need labels")
    check_width(rows.feature_dim, hyperparameters)
    check_labels(rows.labels, hyperparameters.predictor_type)
    checked = rows.checked()
    kept = None
    if rows.weights is not None and not np.all(rows.weights > 0):
        kept = np.flatnonzero(rows.weights > 0).astype(np.uint32)
    training_rows = TrainingRows(rows, checked, kept)
    if training_rows.num_rows == 0:
        raise DataError(
            f"training needs at least one row of positive weight; {rows.num_rows} rows were given"
        )
    return training_rows


def check_width(feature_dim: int, hyperparameters: Hyperparameters) -> None:
    """Raise DataError unless rows are as wide as the model is to be."""
    if feature_dim != hyperparameters.feature_dim:
        raise DataError(
            f"rows are {feature_dim} features wide; feature_dim is {hyperparameters.feature_dim}"
        )
