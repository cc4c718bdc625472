"""Small models for the tests of the native artifact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import TrainingState

FEATURE_DIM = 70  # more than one word of bits


def small_model(
    *,
    trained: int = FEATURE_DIM,
    feature_dim: int = FEATURE_DIM,
    num_factors: int = 3,
    **settings: object,
) -> Model:
    """Return a model that has trained that many of its features."""
    random = np.random.default_rng(0)
    mask = np.zeros(feature_dim, bool)
    mask[random.permutation(feature_dim)[:trained]] = True
    shape = {"feature_dim": feature_dim, "num_factors": num_factors}
    hyperparameters = resolve({**shape, "predictor_type": "regressor", **settings})
    return Model.from_parameters(
        hyperparameters,
        bias=0.25,
        linear_weights=random.normal(size=feature_dim).astype(np.float32),
        factors=random.normal(size=(feature_dim, num_factors)).astype(np.float32),
        trained=mask,
    )


def few_trained() -> Model:
    """Return a model whose file holds its trained rows alone."""
    return small_model(trained=9, untrained_features="zero")


def few_seen(**settings: object) -> Model:
    """Return a model of a growing table that has seen seven features, in no order of ids."""
    shape = {"feature_dim": FEATURE_DIM, "num_factors": 3, "predictor_type": "regressor"}
    given = {**shape, "feature_table": "growing", "factors_init_sigma": 1, **settings}
    state = TrainingState.initial(resolve(given), num_threads=1)
    trainer, random = state.trainer, np.random.default_rng(0)
    trainer.add_features(np.array([64, 3, 69, 0, 33, 7, 8], np.uint32))
    linear_weights = random.normal(size=7).astype(np.float32)
    factors = random.normal(size=(7, 3)).astype(np.float32)
    trainer.set_parameters(0.25, linear_weights, factors)
    trainer.set_trained(np.arange(7) != 2)
    return state.model()


def some_matrix(feature_dim: int = FEATURE_DIM, num_rows: int = 12) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(num_rows, feature_dim))
    return np.where(random.random(matrix.shape) < 0.5, matrix, 0).astype(np.float32)


def dense(matrix: npt.NDArray[np.float32]) -> RowBatch:
    return RowBatch(matrix.shape[1], values=matrix)


def sparse(matrix: npt.NDArray[np.float32], dtype: type = np.int32) -> RowBatch:
    rows, features = np.nonzero(matrix)
    counts = np.bincount(rows, minlength=len(matrix))
    return RowBatch(
        matrix.shape[1],
        row_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        feature_ids=features.astype(dtype),
        values=matrix[rows, features],
    )
