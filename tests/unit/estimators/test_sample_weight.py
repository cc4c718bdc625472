"""Weights of rows: zero is absence, in bytes; a whole number is repetition, in full batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from pairloom import FMClassifier, FMRegressor

FORMS = [np.asarray, sp.csr_array]
ESTIMATORS = [(FMClassifier, "label"), (FMRegressor, "number")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("estimator", "target"), ESTIMATORS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_row_of_weight_zero_equals_its_removal_in_bytes(
    problem: Any,
    learned_bytes: Callable[[Any], bytes],
    form: Any,
    estimator: Any,
    target: str,
    early_stopping: bool,
) -> None:
    y = getattr(problem, target)
    weights = np.random.default_rng(3).choice([0, 0.5, 1, 2], size=len(y))
    kept = weights > 0
    model = estimator(mini_batch_size=16, epochs=4, early_stopping=early_stopping)
    weighed = learned_bytes(model.fit(form(problem.X), y, sample_weight=weights))
    removed = learned_bytes(model.fit(form(problem.X[kept]), y[kept], sample_weight=weights[kept]))
    assert weighed == removed


@pytest.mark.parametrize("class_weight", [None, "balanced", {"up": 3.0}])
def test_row_of_weight_zero_equals_its_removal_when_classes_are_weighed(
    problem: Any, learned_bytes: Callable[[Any], bytes], class_weight: Any
) -> None:
    weights = np.random.default_rng(3).choice([0, 0.3, 1.7], size=len(problem.X))
    kept = weights > 0
    model = FMClassifier(class_weight=class_weight, mini_batch_size=16, epochs=4)
    weighed = learned_bytes(model.fit(problem.X, problem.label, sample_weight=weights))
    model.fit(problem.X[kept], problem.label[kept], sample_weight=weights[kept])
    assert weighed == learned_bytes(model)


@pytest.mark.parametrize("weight", [None, 1.0])
def test_weights_of_one_equal_no_weights_in_bytes(
    problem: Any, learned_bytes: Callable[[Any], bytes], weight: float | None
) -> None:
    plain = learned_bytes(FMRegressor(epochs=3).fit(problem.X, problem.number))
    ones = FMRegressor(epochs=3).fit(problem.X, problem.number, sample_weight=weight)
    assert plain == learned_bytes(ones)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("estimator", "target"), ESTIMATORS)
def test_integer_weights_equal_repetition_in_full_batch_training(
    problem: Any, form: Any, estimator: Any, target: str
) -> None:
    y = getattr(problem, target)
    times = np.random.default_rng(5).integers(0, 4, size=len(y))
    model = estimator(mini_batch_size=1000, rescale_grad=0.01, epochs=40)
    weighed = model.fit(form(problem.X), y, sample_weight=times)._score(problem.X)
    repeated = np.repeat(np.arange(len(y)), times)
    model.fit(form(problem.X[repeated]), y[repeated])
    assert np.allclose(weighed, model._score(problem.X), rtol=1e-5, atol=1e-5)


def test_class_weight_equals_the_same_sample_weight(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    by_class = FMClassifier(class_weight={"up": 3.0, "down": 0.5}, epochs=3)
    weights = np.where(problem.label == "up", 3.0, 0.5)
    by_row = FMClassifier(epochs=3).fit(problem.X, problem.label, sample_weight=weights)
    assert learned_bytes(by_class.fit(problem.X, problem.label)) == learned_bytes(by_row)


def test_balanced_classes_are_refused_in_partial_fit(problem: Any) -> None:
    with pytest.raises(ValueError, match="'balanced' is refused in partial_fit"):
        FMClassifier(class_weight="balanced").partial_fit(problem.X, problem.label)
