"""What labels and weights of rows must be for training and evaluation."""

from __future__ import annotations

import numpy as np

from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError


def check_labels(labels: Float32Array, predictor_type: str) -> None:
    """Raise DataError at the first label of a binary classifier that is neither 0 nor 1."""
    if predictor_type != "binary_classifier":
        return
    wrong = np.flatnonzero((labels != 0) & (labels != 1))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"row {row} has the label {labels[row]:g}; "
            "predictor_type binary_classifier takes labels 0 and 1"
        )


def check_weighs_anything(rows: RowBatch, what: str) -> None:
    """Raise DataError when no row has a positive weight."""
    if rows.num_rows == 0 or (rows.weights is not None and not (rows.weights > 0).any()):
        raise DataError(
            f"{what}: at least one of positive weight is needed; {rows.num_rows} were given"
        )
