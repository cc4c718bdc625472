"""A factorization machine in plain float64 NumPy: what the engine is compared with.

It imports nothing from pairloom and takes none of the engine's short cuts: rows are a full
matrix, pairs are summed through the matrix of all inner products, and every formula stands as
the documentation writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Float64Array: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

BETA_1 = 0.9
BETA_2 = 0.999


@dataclass(frozen=True, kw_only=True)
class ReferenceSettings:
    """The hyperparameters that change a step, with SageMaker's names and defaults."""

    predictor_type: Literal["regressor", "binary_classifier"]
    mini_batch_size: int = 1000
    learning_rate: float = 1.0
    wd: float = 1.0
    bias_lr: float = 0.1
    linear_lr: float = 0.001
    factors_lr: float = 0.0001
    bias_wd: float = 0.01
    linear_wd: float = 0.001
    factors_wd: float = 0.00001
    clip_gradient: float | None = None
    eps: float = 1e-8
    rescale_grad: float | None = None
    use_bias: bool = True
    use_linear: bool = True
    lazy_update: bool = True


@dataclass
class Parameters:
    """Bias, linear weights (feature_dim,) and factors (feature_dim, num_factors)."""

    bias: Float64Array  # of shape (), so that the three groups are treated alike
    linear: Float64Array
    factors: Float64Array

    def copy(self) -> Parameters:
        return Parameters(self.bias.copy(), self.linear.copy(), self.factors.copy())


def score(parameters: Parameters, rows: Float64Array) -> Float64Array:
    """Return w0 + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j for each row."""
    inner_products = parameters.factors @ parameters.factors.T
    np.fill_diagonal(inner_products, 0.0)
    pairs = 0.5 * np.einsum("ri,ij,rj->r", rows, inner_products, rows)
    return np.asarray(parameters.bias + rows @ parameters.linear + pairs)


def probability(scores: Float64Array) -> Float64Array:
    return np.asarray(1.0 / (1.0 + np.exp(-scores)))


def row_losses(predictor_type: str, scores: Float64Array, labels: Float64Array) -> Float64Array:
    """Return the cross-entropy, or half the squared error, whose derivative is score - label."""
    if predictor_type == "regressor":
        return np.asarray(0.5 * (scores - labels) ** 2)
    return np.asarray(np.logaddexp(0.0, scores) - labels * scores)


def loss_derivative(
    predictor_type: str, scores: Float64Array, labels: Float64Array
) -> Float64Array:
    predictions = scores if predictor_type == "regressor" else probability(scores)
    return np.asarray(predictions - labels)


def summed_gradient(
    predictor_type: str,
    parameters: Parameters,
    rows: Float64Array,
    labels: Float64Array,
    weights: Float64Array,
) -> Parameters:
    """Return the gradient of the weighted sum of the rows' losses."""
    g = weights * loss_derivative(predictor_type, score(parameters, rows), labels)
    pairs = np.einsum("r,ri,rj->ij", g, rows, rows)
    np.fill_diagonal(pairs, 0.0)
    return Parameters(np.asarray(g.sum()), rows.T @ g, pairs @ parameters.factors)


def touched_features(rows: Float64Array, weights: Float64Array) -> Bools:
    """Return which features a row of positive weight holds with a nonzero value."""
    return np.asarray((rows[weights > 0.0] != 0.0).any(axis=0))


class AdamGroup:
    """First and second moment of one parameter group, and its update."""

    def __init__(self, shape: tuple[int, ...], learning_rate: float, decay: float) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.first = np.zeros(shape)
        self.second = np.zeros(shape)

    def update(
        self,
        values: Float64Array,
        gradient: Float64Array,
        *,
        step: int,
        touched: Bools,
        clip: float | None,
        eps: float,
    ) -> None:
        """Change `values` in place where `touched`; `gradient` is already rescaled."""
        g = gradient + self.decay * values
        if clip is not None:
            g = np.clip(g, -clip, clip)
        first = BETA_1 * self.first + (1.0 - BETA_1) * g
        second = BETA_2 * self.second + (1.0 - BETA_2) * g**2
        rate = self.learning_rate * np.sqrt(1.0 - BETA_2**step) / (1.0 - BETA_1**step)
        moved = values - rate * first / (np.sqrt(second) + eps)
        self.first = np.where(touched, first, self.first)
        self.second = np.where(touched, second, self.second)
        values[...] = np.where(touched, moved, values)


class ReferenceMachine:
    """Parameters, their Adam state and the count of steps."""

    def __init__(self, settings: ReferenceSettings, initial: Parameters) -> None:
        self.settings = settings
        self.parameters = initial.copy()
        if not settings.use_bias:
            self.parameters.bias[...] = 0.0
        if not settings.use_linear:
            self.parameters.linear[...] = 0.0
        self.step_count = 0
        self.groups = {
            name: AdamGroup(
                getattr(self.parameters, name).shape,
                getattr(settings, f"{name}_lr") * settings.learning_rate,
                getattr(settings, f"{name}_wd") * settings.wd,
            )
            for name in ("bias", "linear", "factors")
        }

    def score(self, rows: Float64Array) -> Float64Array:
        return score(self.parameters, rows)

    def step(self, rows: Float64Array, labels: Float64Array, weights: Float64Array) -> None:
        """Learn from one mini-batch."""
        settings = self.settings
        gradient = summed_gradient(settings.predictor_type, self.parameters, rows, labels, weights)
        rescale = settings.rescale_grad
        if rescale is None:
            rescale = 1.0 / settings.mini_batch_size
        touched = touched_features(rows, weights)
        if not settings.lazy_update:
            touched = np.ones_like(touched)
        self.step_count += 1
        masks = {"bias": np.True_, "linear": touched, "factors": touched[:, np.newaxis]}
        off = {"bias": not settings.use_bias, "linear": not settings.use_linear}
        for name, group in self.groups.items():
            if off.get(name):
                continue
            group.update(
                getattr(self.parameters, name),
                rescale * getattr(gradient, name),
                step=self.step_count,
                touched=np.asarray(masks[name]),
                clip=settings.clip_gradient,
                eps=settings.eps,
            )

    def fit(
        self,
        rows: Float64Array,
        labels: Float64Array,
        weights: Float64Array | None = None,
        epochs: int = 1,
    ) -> None:
        """Learn from all rows in their order; the last mini-batch of an epoch may be smaller."""
        if weights is None:
            weights = np.ones(len(rows))
        size = self.settings.mini_batch_size
        for _ in range(epochs):
            for start in range(0, len(rows), size):
                part = slice(start, start + size)
                self.step(rows[part], labels[part], weights[part])
