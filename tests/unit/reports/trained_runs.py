"""Small runs to report on, one of each kind of model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.reports.run_folder import run_metrics, write_run_folder
from pairloom.reports.scored_rows import score_parts
from pairloom.training import evaluate, train

FEATURES = 6
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "$x^{2$ \\alpha &amp;",
    "价格={{ 7 * 7 }}",
    "turned\u202eround\nline\0",
    "x" * 3000,
)


def train_classifier(folder: Path, names: Sequence[str] | None = None, *, epochs: int = 3) -> Path:
    """Train on pairs of features that decide together; keep validation and test rows."""
    return _train(folder, "binary_classifier", names, epochs)


def train_regressor(folder: Path, names: Sequence[str] | None = None, *, epochs: int = 3) -> Path:
    """Train on a sum of products; keep validation and test rows."""
    return _train(folder, "regressor", names, epochs)


def _train(folder: Path, kind: str, names: Sequence[str] | None, epochs: int) -> Path:
    parts = [_rows(kind, seed, count) for seed, count in ((1, 400), (2, 150), (3, 1200))]
    settings = resolve(
        {
            "feature_dim": FEATURES,
            "num_factors": 3,
            "predictor_type": kind,
            "epochs": epochs,
            "mini_batch_size": 20,
            "factors_lr": 0.02,
            "linear_lr": 0.02,
        }
    )
    result = train(parts[0], settings, validation=parts[1])
    model = result.model
    model.feature_names = names
    metrics = run_metrics(result) | {
        "test": evaluate(model, parts[2]),
        "seconds": {"training": 1.25},
    }
    scored = score_parts(model, {"validation": parts[1], "test": parts[2]})
    write_run_folder(folder, model, metrics, scored)
    return folder


def _rows(kind: str, seed: int, count: int) -> RowBatch:
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, FEATURES)).astype(np.float32)
    target = values[:, 0] - 0.5 * values[:, 1] + values[:, 2] * values[:, 3]
    target = target + random.normal(scale=0.5, size=count)
    labels = target > 0 if kind == "binary_classifier" else target
    return RowBatch(FEATURES, values=values, labels=labels.astype(np.float32))
