"""Rows and settings of runs that end in a moment and still have many blocks."""

from __future__ import annotations

from typing import Any

from integration.runs import as_classes, dense_rows, with_weights
from pairloom.batch import RowBatch
from pairloom.hyperparameters import Hyperparameters, resolve

ROWS = as_classes(with_weights(dense_rows(900)))
VALIDATION = as_classes(dense_rows(300, seed=1))


def settings_of(rows: RowBatch = ROWS, **settings: Any) -> Hyperparameters:
    given = {
        "feature_dim": rows.feature_dim,
        "num_factors": 6,
        "predictor_type": "binary_classifier",
        "epochs": 4,
        "mini_batch_size": 40,
        "linear_lr": 0.02,
        "factors_lr": 0.02,
        **settings,
    }
    return resolve(given)
