"""Tuning on MNIST, odd digits against even ones: Bayesian search beats random search."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
import pytest
from mnist import MnistPart, load_mnist

from pairloom.batch import RowBatch
from pairloom.errors import TrainingDivergedError
from pairloom.hyperparameters import resolve
from pairloom.platform.tuning.parameter_ranges import NumericRange, ParameterRange
from pairloom.platform.tuning.random_search import RandomSearch
from pairloom.platform.tuning.tree_parzen import TreeParzenSearch
from pairloom.platform.tuning.trials import Strategy, Trial
from pairloom.training import evaluate, train

JOBS = 30
SEEDS = range(5)
STATIC = {"feature_dim": 784, "predictor_type": "binary_classifier", "num_factors": 8, "epochs": 3}


def logarithmic(name: str, low: float, high: float, *, is_integer: bool = False) -> NumericRange:
    return NumericRange(name, low, high, "Logarithmic", is_integer)


RANGES: tuple[ParameterRange, ...] = (
    *(logarithmic(f"{group}_lr", 1e-6, 1.0) for group in ("bias", "linear", "factors")),
    *(logarithmic(f"{group}_wd", 1e-8, 1.0) for group in ("linear", "factors")),
    logarithmic("factors_init_sigma", 1e-4, 1.0),
    logarithmic("mini_batch_size", 100, 2000, is_integer=True),
)


def rows_of(part: MnistPart) -> RowBatch:
    odd = (part.digits % 2).astype(np.float32)
    return RowBatch(feature_dim=784, values=part.pixels(), labels=odd)


def best_of(strategy: Strategy, cost: Callable[[dict[str, str]], float | None]) -> float:
    trials: list[Trial] = []
    for number in range(1, JOBS + 1):
        values = strategy.suggest(number, trials)
        trials.append(Trial(values, cost(values)))
    return min(trial.cost for trial in trials if trial.cost is not None)


@pytest.mark.slow
def test_the_median_bayesian_search_beats_the_median_random_search() -> None:
    mnist = load_mnist()
    training, held_out = (rows_of(part.slice(0, 3000)) for part in (mnist.train, mnist.validation))

    def cost(values: dict[str, str]) -> float | None:
        try:
            model = train(training, resolve({**STATIC, **values})).model
        except TrainingDivergedError:
            return None
        return evaluate(model, held_out)["binary_classification_cross_entropy"]

    found = {
        name: sorted(best_of(search(RANGES, seed), cost) for seed in SEEDS)
        for name, search in (("random", RandomSearch), ("bayesian", TreeParzenSearch))
    }
    medians = {name: statistics.median(costs) for name, costs in found.items()}
    assert medians["bayesian"] < 0.85 * medians["random"], found
