"""Labels of two classes, as files spell them and as training takes them."""

from __future__ import annotations

import logging

import numpy as np

from pairloom.batch import Float32Array
from pairloom.errors import DataError

logger = logging.getLogger(__name__)


def zero_one_labels(labels: Float32Array, source: str) -> Float32Array:
    """Return labels 0 and 1; -1 and 1 are mapped to them, which is logged.

    Raises
    ------
    DataError
        A label is another number, or 0 stands beside -1; names the row.
    """
    is_one = labels == 1
    other = -1 if (labels == -1).any() else 0
    wrong = np.flatnonzero(~is_one & (labels != other))
    if len(wrong):
        row = int(wrong[0])
        expected = "-1 or 1, as -1 is among them" if other else "0 or 1 (or -1 or 1)"
        raise DataError(
            f"{source}: row {row} has the label {labels[row]:g}; "
            f"expected {expected} for a binary classifier"
        )
    if other:
        logger.info("%s: labels -1 and 1 are taken as 0 and 1", source)
    mapped: Float32Array = is_one.astype(np.float32)
    return mapped


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
