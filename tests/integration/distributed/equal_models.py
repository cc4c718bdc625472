"""Models compared to the bit."""

from __future__ import annotations

import numpy as np

from pairloom.model import Model


def same_parameters(one: Model, other: Model) -> bool:
    return (
        one.bias == other.bias
        and np.array_equal(one.linear_weights, other.linear_weights)
        and np.array_equal(one.factors, other.factors)
    )
