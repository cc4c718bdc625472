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
    optimizer: Literal["adam", "adagrad", "ftrl", "sgd"] = "adam"
    adagrad_initial_accumulator: float = 1.0
    ftrl_beta: float = 1.0
    linear_l1: float = 0.0
    factors_l1: float = 0.0
    batch_ramp: int = 0
    use_bias: bool = True
    use_linear: bool = True
    lazy_update: bool = True
    rowwise_state: bool = False


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


class Group:
    """Optimizer state of one parameter group, and its update.

    `states` are in the order in which the engine keeps them.
    """

    num_states: int

    def __init__(self, settings: ReferenceSettings, name: str, values: Float64Array) -> None:
        self.settings = settings
        self.learning_rate = getattr(settings, f"{name}_lr") * settings.learning_rate
        self.decay = getattr(settings, f"{name}_wd") * settings.wd
        self.l1 = getattr(settings, f"{name}_l1", 0.0)
        self.states = [np.zeros(values.shape) for _ in range(self.num_states)]

    def update(
        self, values: Float64Array, gradient: Float64Array, step: int, touched: Bools
    ) -> None:
        """Change `values` in place where `touched`; `gradient` is already rescaled."""
        moved, states = self.moved(values, gradient, step)
        self.states = [
            np.where(touched, new, old) for new, old in zip(states, self.states, strict=True)
        ]
        values[...] = np.where(touched, moved, values)

    def moved(
        self, values: Float64Array, gradient: Float64Array, step: int
    ) -> tuple[Float64Array, list[Float64Array]]:
        """Return new values and states."""
        raise NotImplementedError

    def squared(self, gradient: Float64Array) -> Float64Array:
        """Return squared gradients; with row-wise state their mean over a feature's factors."""
        if self.settings.rowwise_state and gradient.ndim == 2:
            means = [sum(g**2 for g in row) / len(row) for row in gradient]
            return np.broadcast_to(np.array(means)[:, np.newaxis], gradient.shape)
        return np.asarray(gradient**2)

    def clipped(self, gradient: Float64Array) -> Float64Array:
        clip = self.settings.clip_gradient
        return gradient if clip is None else np.clip(gradient, -clip, clip)


class AdamGroup(Group):
    """First and second moment: Kingma and Ba 2015, as MXNet runs it."""

    num_states = 2

    def moved(
        self, values: Float64Array, gradient: Float64Array, step: int
    ) -> tuple[Float64Array, list[Float64Array]]:
        g = self.clipped(gradient + self.decay * values)
        first = BETA_1 * self.states[0] + (1.0 - BETA_1) * g
        second = BETA_2 * self.states[1] + (1.0 - BETA_2) * self.squared(g)
        rate = self.learning_rate * np.sqrt(1.0 - BETA_2**step) / (1.0 - BETA_1**step)
        return values - rate * first / (np.sqrt(second) + self.settings.eps), [first, second]


class AdaGradGroup(Group):
    """Sum of squared gradients: Duchi, Hazan and Singer 2011."""

    num_states = 1

    def __init__(self, settings: ReferenceSettings, name: str, values: Float64Array) -> None:
        super().__init__(settings, name, values)
        self.states[0][...] = settings.adagrad_initial_accumulator

    def moved(
        self, values: Float64Array, gradient: Float64Array, step: int
    ) -> tuple[Float64Array, list[Float64Array]]:
        g = self.clipped(gradient + self.decay * values)
        squares = self.states[0] + self.squared(g)
        return values - self.learning_rate * g / (np.sqrt(squares) + self.settings.eps), [squares]


class FtrlGroup(Group):
    """Sum of squared gradients, and z: McMahan et al. 2013, algorithm 1.

    z starts where the closed form gives the initial values.
    """

    num_states = 2

    def __init__(self, settings: ReferenceSettings, name: str, values: Float64Array) -> None:
        super().__init__(settings, name, values)
        if self.learning_rate > 0.0:
            strength = settings.ftrl_beta / self.learning_rate + self.decay
            self.states[1] = -values * strength - np.sign(values) * self.l1

    def moved(
        self, values: Float64Array, gradient: Float64Array, step: int
    ) -> tuple[Float64Array, list[Float64Array]]:
        alpha = self.learning_rate
        if alpha == 0.0:
            return values, self.states
        g = self.clipped(gradient)
        squares = self.states[0] + g**2
        sigma = (np.sqrt(squares) - np.sqrt(self.states[0])) / alpha
        z = self.states[1] + g - sigma * values
        strength = (self.settings.ftrl_beta + np.sqrt(squares)) / alpha + self.decay
        closed_form = -(z - np.sign(z) * self.l1) / strength
        return np.where(np.abs(z) <= self.l1, 0.0, closed_form), [squares, z]


class SgdGroup(Group):
    num_states = 0

    def moved(
        self, values: Float64Array, gradient: Float64Array, step: int
    ) -> tuple[Float64Array, list[Float64Array]]:
        g = self.clipped(gradient + self.decay * values)
        return values - self.learning_rate * g, []


GROUPS = {"adam": AdamGroup, "adagrad": AdaGradGroup, "ftrl": FtrlGroup, "sgd": SgdGroup}


class ReferenceMachine:
    """Parameters, their optimizer state and the count of steps."""

    def __init__(self, settings: ReferenceSettings, initial: Parameters) -> None:
        self.settings = settings
        self.parameters = initial.copy()
        if not settings.use_bias:
            self.parameters.bias[...] = 0.0
        if not settings.use_linear:
            self.parameters.linear[...] = 0.0
        self.step_count = 0
        self.rows_trained = 0
        self.groups = {
            name: GROUPS[settings.optimizer](settings, name, getattr(self.parameters, name))
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
            rescale = 1.0 / settings.mini_batch_size if settings.optimizer == "adam" else 1.0
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
                self.step_count,
                np.asarray(masks[name]),
            )
        self.rows_trained += len(rows)

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
        for _ in range(epochs):
            start = 0
            while start < len(rows):
                part = slice(start, start + self.mini_batch_rows(start))
                self.step(rows[part], labels[part], weights[part])
                start = part.stop

    def mini_batch_rows(self, start: int) -> int:
        """Return the size of the mini-batch that starts at row `start` of an epoch.

        With a ramp it is a share of the rows trained, in 64s, that crosses no multiple of
        `mini_batch_size`.
        """
        ramp, size = self.settings.batch_ramp, self.settings.mini_batch_size
        left = size - start % size
        return min(left, max(1, self.rows_trained // (64 * ramp)) * 64) if ramp else left
