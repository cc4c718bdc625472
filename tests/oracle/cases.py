"""Rows and settings on which the engine is compared with the oracle.

A case's matrix is float32, as the engine reads it; its sparse form may store zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from oracle.reference_machine import Parameters, ReferenceSettings
from pairloom.batch import RowBatch

Float32Array = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

NUM_ROWS = 230
MINI_BATCH_SIZE = 24  # ten mini-batches an epoch, the last of 14 rows
FEATURE_DIM = 37
ONCE_SEEN = 11  # feature held by one row only
ZERO_STORED = 12  # feature whose every stored value is 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison: the rows in either form, and the settings."""

    matrix: Float32Array
    stored: Bools  # which cells the sparse form stores
    labels: Float32Array
    weights: Float32Array | None
    settings: ReferenceSettings
    num_factors: int = 5

    def dense(self) -> RowBatch:
        return RowBatch(
            feature_dim=self.matrix.shape[1],
            values=self.matrix,
            labels=self.labels,
            weights=self.weights,
        )

    def sparse(self) -> RowBatch:
        counts = np.concatenate([[0], np.cumsum(self.stored.sum(axis=1))])
        return RowBatch(
            feature_dim=self.matrix.shape[1],
            row_offsets=counts.astype(np.int64),
            feature_ids=np.nonzero(self.stored)[1].astype(np.int32),
            values=self.matrix[self.stored],
            labels=self.labels,
            weights=self.weights,
        )

    def kept_rows(self) -> npt.NDArray[np.int64]:
        """Return the rows that take part in mini-batches: those of positive weight."""
        weights = np.ones(len(self.labels)) if self.weights is None else self.weights
        return np.flatnonzero(weights > 0.0)

    def boundaries(self) -> list[int]:
        """Return where an epoch's mini-batches start, and where the last one ends."""
        num_kept = len(self.kept_rows())
        return [*range(0, num_kept, self.settings.mini_batch_size), num_kept]

    def epochs(self) -> int:
        """Return the epochs that 50 steps need."""
        return -(-50 // (len(self.boundaries()) - 1))

    def initial(self) -> Parameters:
        """Return parameters that float32 holds exactly."""
        random = np.random.default_rng(3)
        feature_dim = self.matrix.shape[1]
        linear = np.asarray(random.normal(0.0, 0.1, feature_dim), dtype=np.float32)
        factors = random.normal(0.0, 0.2, (feature_dim, self.num_factors)).astype(np.float32)
        return Parameters(np.asarray(0.125), linear.astype(np.float64), factors.astype(np.float64))


def regression(**changes: object) -> Case:
    """Return real-valued rows with a real-valued label."""
    random = np.random.default_rng(1)
    matrix, stored = _sparse_matrix(random)
    labels = np.asarray(2.0 + matrix @ random.normal(0.0, 0.5, FEATURE_DIM), dtype=np.float32)
    return _case(matrix, stored, labels, "regressor", changes)


def classification(**changes: object) -> Case:
    """Return real-valued rows with labels 0 and 1."""
    random = np.random.default_rng(2)
    matrix, stored = _sparse_matrix(random)
    scores = matrix @ random.normal(0.0, 1.0, FEATURE_DIM) + random.normal(0.0, 1.0, NUM_ROWS)
    return _case(matrix, stored, (scores > 0.0).astype(np.float32), "binary_classifier", changes)


def one_hot_classification(**changes: object) -> Case:
    """Return rows of ones only, six to a row."""
    random = np.random.default_rng(4)
    matrix = np.zeros((NUM_ROWS, FEATURE_DIM), dtype=np.float32)
    for row in matrix:
        row[random.choice(FEATURE_DIM, 6, replace=False)] = 1.0
    labels = random.integers(0, 2, NUM_ROWS).astype(np.float32)
    return _case(matrix, matrix != 0.0, labels, "binary_classifier", changes)


def weighted(case: Case) -> Case:
    """Return the case with row weights of which every seventh is 0."""
    weights = np.random.default_rng(5).uniform(0.25, 3.0, NUM_ROWS).astype(np.float32)
    weights[::7] = 0.0
    return replace(case, weights=weights)


def full(case: Case) -> Case:
    """Return the case with no zero in its matrix."""
    noise = np.random.default_rng(6).normal(0.0, 0.3, case.matrix.shape).astype(np.float32)
    matrix = np.where(case.matrix == 0.0, noise, case.matrix)
    return replace(case, matrix=matrix, stored=np.ones_like(case.stored))


def _sparse_matrix(random: np.random.Generator) -> tuple[Float32Array, Bools]:
    stored = random.random((NUM_ROWS, FEATURE_DIM)) < 0.2
    stored[:, ONCE_SEEN] = False
    stored[97, ONCE_SEEN] = True
    matrix = np.where(stored, random.normal(0.0, 1.0, stored.shape), 0.0).astype(np.float32)
    matrix[:, ZERO_STORED] = 0.0
    matrix[random.random(stored.shape) < 0.02] = 0.0
    matrix[97, ONCE_SEEN] = 1.5
    return matrix, stored


def _case(
    matrix: Float32Array,
    stored: Bools,
    labels: Float32Array,
    predictor_type: str,
    changes: dict[str, object],
) -> Case:
    visible_steps = {"bias_lr": 0.05, "linear_lr": 0.02, "factors_lr": 0.01}
    decay = {"bias_wd": 0.01, "linear_wd": 0.02, "factors_wd": 0.005}
    chosen = {"mini_batch_size": MINI_BATCH_SIZE, **visible_steps, **decay, **changes}
    settings = ReferenceSettings(predictor_type=predictor_type, **chosen)  # type: ignore[arg-type]
    return Case(matrix=matrix, stored=stored, labels=labels, weights=None, settings=settings)


def _with_optimizer(optimizer: str) -> dict[str, Case]:
    """Return the cases that every optimizer but adam has; sgd at rates at which it converges."""
    rates: dict[str, object] = {"optimizer": optimizer}
    if optimizer == "sgd":
        rates.update(bias_lr=0.002, linear_lr=0.002, factors_lr=0.001)
    return {
        "regression": regression(**rates),
        "classification": classification(**rates),
        "one-hot": one_hot_classification(**rates),
        "weights": weighted(classification(**rates)),
        "clipping and strong decay": classification(
            **rates, clip_gradient=0.5, linear_wd=0.4, factors_wd=0.3
        ),
        "all features updated": regression(**rates, lazy_update=False),
        "mean gradients": regression(**rates, rescale_grad=1 / MINI_BATCH_SIZE),
        "no bias": classification(**rates, use_bias=False),
        "no linear weights": regression(**rates, use_linear=False),
        "16 factors": replace(classification(**rates), num_factors=16),
    }


def _with_rowwise_state(optimizer: str) -> dict[str, Case]:
    """Return the cases of second moments that the factors of a feature share."""
    chosen: dict[str, object] = {"optimizer": optimizer, "rowwise_state": True}
    return {
        "regression": regression(**chosen),
        "one-hot": one_hot_classification(**chosen),
        "weights, clipping": weighted(classification(**chosen, clip_gradient=0.1)),
        "strong decay": classification(**chosen, linear_wd=0.4, factors_wd=0.3),
        "all features updated": regression(**chosen, lazy_update=False),
        **{f"{k} factors": replace(classification(**chosen), num_factors=k) for k in (1, 8, 33)},
    }


CASES = {
    "regression": regression(),
    "classification": classification(),
    "one-hot": one_hot_classification(),
    "full matrix": full(regression()),
    "weights": weighted(classification()),
    "weighted regression": weighted(regression()),
    "clipping": regression(clip_gradient=0.03),
    "clipping and strong decay": classification(clip_gradient=0.01, linear_wd=0.4, factors_wd=0.3),
    "strong decay": regression(bias_wd=0.5, linear_wd=0.4, factors_wd=0.3, wd=0.7),
    "no decay": classification(wd=0.0),
    "rescale": regression(rescale_grad=1.0),
    "base rate": classification(learning_rate=0.3),
    "large epsilon": regression(eps=0.05),
    "all features updated": regression(lazy_update=False),
    "all features updated, clipping": classification(lazy_update=False, clip_gradient=0.01),
    "no bias": classification(use_bias=False),
    "no linear weights": regression(use_linear=False),
    "one factor": replace(regression(), num_factors=1),
    **{f"{k} factors": replace(classification(), num_factors=k) for k in (4, 8, 10, 16, 32, 33)},
    **{
        f"{optimizer}, {name}": case
        for optimizer in ("adagrad", "ftrl", "sgd")
        for name, case in _with_optimizer(optimizer).items()
    },
    **{
        f"row-wise {optimizer}, {name}": case
        for optimizer in ("adam", "adagrad")
        for name, case in _with_rowwise_state(optimizer).items()
    },
    "adagrad from zero": regression(optimizer="adagrad", adagrad_initial_accumulator=0.0),
    "ftrl, L1": classification(optimizer="ftrl", linear_l1=0.5, factors_l1=0.2, ftrl_beta=0.5),
    "ftrl, no damping": regression(optimizer="ftrl", ftrl_beta=0.0),
    "neither": weighted(regression(use_bias=False, use_linear=False)),
}
