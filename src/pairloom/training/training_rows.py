"""Rows to train on, as the loop over epochs takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """Rows that were checked, with the positions to train on: those of a positive weight."""

    batch: RowBatch
    checked: Rows
    kept: RowOrder | None  # None: all, in the file's order

    @property
    def num_rows(self) -> int:
        return self.batch.num_rows if self.kept is None else len(self.kept)

    def ordered(self, hyperparameters: Hyperparameters, epoch: int) -> TrainingRows:
        """Return the rows in the order of one epoch."""
        if not hyperparameters.shuffle:
            return self
        shuffled = shuffled_rows(hyperparameters.seed, epoch, self.num_rows)
        return replace(self, kept=shuffled if self.kept is None else self.kept[shuffled])

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
    check_width(rows.feature_dim, hyperparameters)
    training_rows = weighing_rows(rows, rows.checked(), None, hyperparameters)
    check_anything_to_train_on(training_rows.num_rows, rows.num_rows)
    return training_rows


def weighing_rows(
    rows: RowBatch, checked: Rows, order: RowOrder | None, hyperparameters: Hyperparameters
) -> TrainingRows:
    """Check the labels of rows, and leave those of weight 0 out of their order.

    Raises
    ------
    DataError
        There are no labels, or they do not suit the predictor type.
    """
    if rows.labels is None:
        raise DataError("rows to train on need labels")
    check_labels(rows.labels, hyperparameters.predictor_type)
    if rows.weights is None or np.all(rows.weights > 0):
        return TrainingRows(rows, checked, order)
    if order is None:
        order = np.arange(rows.num_rows, dtype=np.uint32)
    return TrainingRows(rows, checked, order[rows.weights[order] > 0])


def check_anything_to_train_on(num_rows: int, num_given: int) -> None:
    """Raise DataError when no row has a positive weight."""
    if num_rows == 0:
        raise DataError(
            f"training needs at least one row of positive weight; {num_given} rows were given"
        )


def check_width(feature_dim: int, hyperparameters: Hyperparameters) -> None:
    """Raise DataError unless rows are as wide as the model is to be."""
    if feature_dim != hyperparameters.feature_dim:
        raise DataError(
            f"rows are {feature_dim} features wide; feature_dim is {hyperparameters.feature_dim}"
        )
