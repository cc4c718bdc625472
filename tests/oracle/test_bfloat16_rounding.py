"""Factors of bfloat16 after every step, to the bit, from the documented rule in plain NumPy.

The float32 engine gives the factors before they are rounded: it starts each step from those that
were. The rounding here shares nothing with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from integration.runs import as_classes, one_hot_rows, sparse_real_rows
from integration.short_runs import settings_of
from pairloom._core import MetricSums
from pairloom.batch import RowBatch
from pairloom.training import TrainingState

MASK = 2**64 - 1
ROUNDING_STREAM = 4


def philox(key: int, counter: list[int]) -> list[int]:
    """Return Philox4x32-10 of a 64-bit key: Salmon et al. 2011, section 5.3."""
    low, high = key & 0xFFFFFFFF, key >> 32
    c = counter
    for _ in range(10):
        one, other = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (other >> 32) ^ c[1] ^ low, other & 0xFFFFFFFF,
            (one >> 32) ^ c[3] ^ high, one & 0xFFFFFFFF,
        ]  # fmt: skip
        low, high = (low + 0x9E3779B9) & 0xFFFFFFFF, (high + 0xBB67AE85) & 0xFFFFFFFF
    return c


def splitmix(state: int) -> int:
    """Return what SplitMix64 makes of a state: Steele, Lea and Flood 2014, figure 15."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def random_bits(seed: int, step: int, feature: int, num_factors: int) -> list[int]:
    """Return sixteen bits for each factor of a feature in a step."""
    first, second, *_ = philox(seed, [step & 0xFFFFFFFF, step >> 32, 0, ROUNDING_STREAM])
    key = first << 32 | second
    bits = []
    for factor in range(num_factors):
        position = (factor // 4 << 32) + feature
        word = splitmix((key + position * 0x9E3779B97F4A7C15) & MASK)
        bits.append(word >> 16 * (factor % 4) & 0xFFFF)
    return bits


def rounded(factors: npt.NDArray[np.float32], seed: int, step: int) -> npt.NDArray[np.float32]:
    """Return the upper halves of floats to whose lower halves random bits were added."""
    num_features, num_factors = factors.shape
    bits = [random_bits(seed, step, feature, num_factors) for feature in range(num_features)]
    sums = factors.view(np.uint32).astype(np.uint64) + np.array(bits, np.uint64)
    return (sums.astype(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def nearest(factors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the nearest values of bfloat16, of two equally near the one that ends in a zero."""
    below = (factors.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    above = (below.view(np.uint32) + np.uint32(0x10000)).view(np.float32)
    exact = factors.astype(np.float64)
    to_below, to_above = np.abs(exact - below), np.abs(above - exact)
    odd = (below.view(np.uint32) >> 16) % 2 == 1
    return np.where((to_above < to_below) | ((to_above == to_below) & odd), above, below)


def step(state: TrainingState, rows: RowBatch, begin: int, end: int) -> None:
    boundaries = [begin, end]
    result = state.trainer.train(rows.checked(), None, boundaries, 2, MetricSums())
    assert result.not_finite is None


ONE_HOT, REAL = one_hot_rows(120, feature_dim=90), as_classes(sparse_real_rows(120))
CASES: list[Any] = [
    ("adam", False, 8, ONE_HOT),
    ("adam", True, 5, REAL),
    ("adagrad", False, 16, REAL),
    ("adagrad", True, 8, ONE_HOT),
    ("sgd", False, 40, REAL),
]


@pytest.mark.parametrize(("optimizer", "shared", "num_factors", "rows"), CASES)
def test_each_step_rounds_as_documented(
    optimizer: str, *, shared: bool, num_factors: int, rows: RowBatch
) -> None:
    seed = 2**40 + 7
    settings = settings_of(
        rows, _optimizer=optimizer, rowwise_state=shared, num_factors=num_factors, seed=seed
    )
    whole = TrainingState.initial(settings)
    packed = TrainingState.initial(replace(settings, factor_type="bfloat16"))
    factors = nearest(whole.trainer.factors())
    assert packed.trainer.factors().tobytes() == factors.tobytes()
    for number, begin in enumerate(range(0, 120, 40), start=1):
        whole.trainer.set_parameters(whole.trainer.bias, whole.trainer.linear_weights(), factors)
        step(whole, rows, begin, begin + 40)
        step(packed, rows, begin, begin + 40)
        factors = rounded(whole.trainer.factors(), seed, number)
        assert packed.trainer.factors().tobytes() == factors.tobytes()
        assert packed.trainer.linear_weights().tobytes() == whole.trainer.linear_weights().tobytes()
    assert (factors != nearest(whole.trainer.factors())).any()
