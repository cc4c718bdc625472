"""The features and pairs of features that move a model's scores the most, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pairloom.model import Model

STRONGEST = 20


@dataclass(frozen=True, slots=True)
class NamedNumber:
    """A feature, or a pair of features, and what it adds where values are 1."""

    names: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Similarities:
    """Cosines between the factors of features; features that are alike stand side by side."""

    names: list[str]
    cosines: npt.NDArray[np.float64]


def feature_name(model: Model, feature: int) -> str:
    """Return the feature's name, or its id where features have no names."""
    return f"feature {feature}" if model.feature_names is None else model.feature_names[feature]


def strongest_linear_weights(model: Model, count: int = STRONGEST) -> list[NamedNumber]:
    """Return the trained features with the largest absolute weights that are not 0."""
    features = model.trained_features
    weights, _ = model.parameters_of(features)
    return [
        NamedNumber((feature_name(model, int(features[place])),), float(weights[place]))
        for place in _largest(np.abs(weights), count)
    ]


def strongest_interactions(model: Model, count: int = STRONGEST) -> list[NamedNumber]:
    """Return the pairs of features with the largest absolute inner products of factors."""
    if model.feature_dim < 2:
        return []
    return [
        NamedNumber((feature_name(model, first), feature_name(model, second)), product)
        for first, second, product in model.top_interactions(count)
    ]


def factor_similarities(model: Model, count: int = STRONGEST) -> Similarities | None:
    """Compare the trained features with the longest factors; None for fewer than two."""
    features = model.trained_features
    factors = model.parameters_of(features)[1].astype(np.float64)
    norms = np.linalg.norm(factors, axis=1)
    largest = _largest(norms, count)
    if len(largest) < 2:
        return None
    directions = factors[largest] / norms[largest, np.newaxis]
    cosines = directions @ directions.T
    order = _neighbours_in_line(cosines)
    names = [feature_name(model, int(features[largest[place]])) for place in order]
    return Similarities(names, cosines[np.ix_(order, order)])


def _largest(strengths: npt.NDArray[np.floating], count: int) -> list[int]:
    """Return where the largest positive numbers stand; of equal ones the first."""
    some = np.flatnonzero(strengths > 0)
    if len(some) > count:
        least = np.partition(strengths[some], -count)[-count]
        some = some[strengths[some] >= least]
    ranked: list[int] = some[np.argsort(-strengths[some], kind="stable")].tolist()
    return ranked[:count]


def _neighbours_in_line(cosines: npt.NDArray[np.float64]) -> Sequence[int]:
    """Begin with the first feature; go on with the one most like the one before."""
    line = [0]
    left = list(range(1, len(cosines)))
    while left:
        nearest = max(left, key=lambda place: cosines[line[-1], place])
        left.remove(nearest)
        line.append(nearest)
    return line
