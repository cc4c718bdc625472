"""Rows made by a seed, and everything that leaves a training run as one string of bytes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import TrainingResult, train

Float32Array = npt.NDArray[np.float32]


def sparse_rows_of(matrix: Float32Array, like: RowBatch) -> RowBatch:
    """Return the sparse form of a matrix, with the labels and weights of `like`."""
    row, feature = np.nonzero(matrix)
    counts = np.bincount(row, minlength=len(matrix))
    return replace(
        like,
        feature_dim=matrix.shape[1],
        row_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        feature_ids=feature.astype(np.int32),
        values=matrix[row, feature],
    )


def one_hot_rows(num_rows: int, *, seed: int = 0, feature_dim: int = 900) -> RowBatch:
    """Return six ones a row, popular features far more often than rare ones."""
    random = np.random.default_rng(seed)
    field = np.arange(6) * (feature_dim // 6)
    ids = field + (random.power(0.3, (num_rows, 6)) * (feature_dim // 6)).astype(np.int64)
    labels = (random.random(num_rows) < 0.2 + 0.6 * (ids[:, 0] % 2)).astype(np.float32)
    return RowBatch(
        feature_dim=feature_dim,
        row_offsets=np.arange(0, 6 * num_rows + 1, 6, dtype=np.int64),
        feature_ids=ids.ravel().astype(np.int32),
        labels=labels,
    )


def real_matrix(num_rows: int, feature_dim: int, *, seed: int, density: float) -> Float32Array:
    random = np.random.default_rng(seed)
    held = random.random((num_rows, feature_dim)) < density
    return np.where(held, random.normal(0.0, 1.0, held.shape), 0.0).astype(np.float32)


def dense_rows(
    num_rows: int, *, seed: int = 0, feature_dim: int = 40, density: float = 0.4
) -> RowBatch:
    """Return real values with a noisy quadratic label of either sign."""
    matrix = real_matrix(num_rows, feature_dim, seed=seed, density=density)
    random = np.random.default_rng(99)
    linear = random.normal(0.0, 1.0, feature_dim)
    noise = np.random.default_rng(seed).normal(0.0, 0.5, num_rows)
    labels = matrix @ linear + matrix[:, 0] * matrix[:, 1] + noise
    return RowBatch(feature_dim=feature_dim, values=matrix, labels=labels.astype(np.float32))


def sparse_real_rows(num_rows: int, *, seed: int = 0) -> RowBatch:
    matrix = real_matrix(num_rows, 200, seed=seed, density=0.05)
    return sparse_rows_of(matrix, dense_rows(num_rows, seed=seed))


def as_classes(rows: RowBatch) -> RowBatch:
    assert rows.labels is not None
    return replace(rows, labels=(rows.labels > 0).astype(np.float32))


def with_weights(rows: RowBatch, *, seed: int = 0) -> RowBatch:
    """Return the rows with real weights, a tenth of them 0."""
    random = np.random.default_rng(seed)
    weights = random.uniform(0.1, 4.0, rows.num_rows).astype(np.float32)
    weights[random.random(rows.num_rows) < 0.1] = 0.0
    return replace(rows, weights=weights)


def run(
    rows: RowBatch,
    settings: Mapping[str, object],
    *,
    num_threads: int,
    validation: RowBatch | None = None,
) -> TrainingResult:
    """Train with rates at which a few epochs change much."""
    values = {
        "feature_dim": rows.feature_dim,
        "num_factors": 8,
        "epochs": 3,
        "mini_batch_size": 700,
        "linear_lr": 0.02,
        "factors_lr": 0.01,
        **settings,
    }
    return train(rows, resolve(values), validation=validation, num_threads=num_threads)


def bytes_of_run(result: TrainingResult, rows: RowBatch, *, num_threads: int) -> dict[str, str]:
    """Return digests of parameters, metrics, chosen epoch and predictions."""
    model = result.model
    metrics = [
        value
        for event in result.history
        for part in (event.train, event.validation)
        for _, value in sorted(part.items())
    ]
    return {
        "bias": digest(np.float32(model.bias)),
        "linear weights": digest(model.linear_weights),
        "factors": digest(model.factors),
        "trained": digest(model.trained),
        "metrics": digest(pack(metrics)),
        "chosen epoch": str((result.best_epoch, result.epochs_run)),
        "scores": digest(model.score_rows(rows, num_threads=num_threads)),
        "predictions": digest(model.predict_rows(rows, num_threads=num_threads)),
        "artifact": digest(artifact_bytes(model)),
    }


def artifact_bytes(model: Model) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pairloom"
        model.save(path)
        return path.read_bytes()


def pack(values: Iterable[float]) -> bytes:
    return b"".join(struct.pack("<d", value) for value in values)


def digest(content: bytes | npt.NDArray[np.generic] | np.generic) -> str:
    raw = content if isinstance(content, bytes) else content.tobytes()
    return hashlib.sha256(raw).hexdigest()[:16]
