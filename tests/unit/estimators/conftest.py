"""Small data that the estimators' tests share, and what a fitted estimator has learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest


class Problem(NamedTuple):
    """A matrix with a target that pairs of its columns decide, of both kinds."""

    X: npt.NDArray[np.float32]
    number: npt.NDArray[np.float32]
    label: npt.NDArray[np.str_]


@pytest.fixture(scope="session")
def problem() -> Problem:
    """120 rows of 6 columns, a third of them zero; the target is x0 x1 - x2 x3 + x4."""
    random = np.random.default_rng(7)
    X = random.normal(size=(120, 6)).astype(np.float32)
    X[random.random(X.shape) < 1 / 3] = 0
    number = X[:, 0] * X[:, 1] - X[:, 2] * X[:, 3] + X[:, 4]
    return Problem(X, number, np.where(number > 0, "up", "down"))


@pytest.fixture(scope="session")
def learned_bytes() -> Callable[[Any], bytes]:
    """Return the function that gives all learned parameters as bytes."""

    def of(estimator: Any) -> bytes:
        bias = np.float32(estimator.bias_).tobytes()
        return bytes(bias + estimator.linear_weights_.tobytes() + estimator.factors_.tobytes())

    return of
