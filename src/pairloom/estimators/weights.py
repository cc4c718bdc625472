"""Weights of rows: as given, and by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array
from pairloom.errors import DataError, HyperparameterError

ClassWeight: TypeAlias = Mapping[Any, float] | Literal["balanced"] | None


def check_sample_weight(sample_weight: Any, num_rows: int) -> Float32Array | None:
    """Return one finite weight >= 0 per row, or None when all rows weigh 1."""
    if sample_weight is None:
        return None
    with np.errstate(over="ignore"):
        weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.ndim == 0:
        weights = np.full(num_rows, weights)
    if weights.shape != (num_rows,):
        raise DataError(f"sample_weight has shape {weights.shape}; must be one of {num_rows} rows")
    broken = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if broken.size:
        row = int(broken[0])
        raise DataError(f"sample_weight of row {row} is {weights[row]}; must be finite and >= 0")
    if not weights.any():
        raise DataError("sample_weight is zero in every row; no row is left to train on")
    return weights


def class_factors(
    class_weight: ClassWeight,
    classes: npt.NDArray[Any],
    labels: Float32Array,
    weights: Float32Array | None,
) -> tuple[float, float]:
    """Return the factors on the weights of rows with label 0 and of rows with label 1.

    Balanced factors are inverse to the weight of all rows of the class, and leave the weight of
    all rows together as it is.
    """
    if class_weight is None:
        return 1.0, 1.0
    if class_weight == "balanced":
        per_class = np.bincount(labels.astype(np.int64), weights=weights, minlength=2)
        first, second = per_class.sum() / (2 * per_class)
        return float(first), float(second)
    if not isinstance(class_weight, Mapping):
        raise HyperparameterError(
            f"class_weight: {class_weight!r} is refused; must be balanced, None or a dict"
        )
    return _given_factors(class_weight, classes)


def _given_factors(
    class_weight: Mapping[Any, float], classes: npt.NDArray[Any]
) -> tuple[float, float]:
    first, second = classes.tolist()
    unknown = [label for label in class_weight if label not in {first, second}]
    if unknown:
        raise HyperparameterError(
            f"class_weight: {unknown[0]!r} is refused; must be one of the classes "
            f"{first!r} and {second!r}"
        )
    factors = float(class_weight.get(first, 1.0)), float(class_weight.get(second, 1.0))
    for label, factor in zip((first, second), factors, strict=True):
        if not (np.isfinite(factor) and factor > 0):
            raise HyperparameterError(
                f"class_weight: {factor} of {label!r} is refused; must be a finite number > 0"
            )
    return factors


def weigh_classes(
    factors: tuple[float, float], labels: Float32Array, weights: Float32Array | None
) -> Float32Array | None:
    """Multiply each row's weight by its class's factor."""
    if factors == (1.0, 1.0):
        return weights
    by_class = np.asarray(factors, dtype=np.float32)[labels.astype(np.int64)]
    return by_class if weights is None else by_class * weights
