"""The labels that each predictor type takes."""

from __future__ import annotations

import numpy as np

from pairloom.batch import Float32Array
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
