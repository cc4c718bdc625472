"""What a fitted estimator has learned, against the formula in float64."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from pairloom import FMClassifier, FMRegressor, Model


def formula(estimator: Any, X: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Score rows pair by pair, as the model is defined."""
    X = X.astype(np.float64)
    factors = estimator.factors_.astype(np.float64)
    scores = estimator.bias_ + X @ estimator.linear_weights_.astype(np.float64)
    for i, j in combinations(range(X.shape[1]), 2):
        scores += X[:, i] * X[:, j] * (factors[i] @ factors[j])
    return np.asarray(scores)


def test_regressor_predicts_what_its_parameters_say(problem: Any) -> None:
    model = FMRegressor(num_factors=3, epochs=300, factors_wd=0).fit(problem.X, problem.number)
    assert np.allclose(model.predict(problem.X), formula(model, problem.X), atol=1e-5)
    assert model.score(problem.X, problem.number) > 0.9


def test_classifier_predicts_what_its_parameters_say(problem: Any) -> None:
    model = FMClassifier(num_factors=3, epochs=300, factors_wd=0).fit(problem.X, problem.label)
    scores = formula(model, problem.X)
    assert np.allclose(model.decision_function(problem.X), scores, atol=1e-5)
    second = 1 / (1 + np.exp(-scores))
    assert np.allclose(
        model.predict_proba(problem.X), np.column_stack((1 - second, second)), atol=1e-6
    )
    assert np.array_equal(model.predict(problem.X), np.where(scores >= 0, "up", "down"))
    assert model.score(problem.X, problem.label) > 0.9


def test_learned_arrays_have_the_shapes_of_the_data(problem: Any) -> None:
    model = FMRegressor(num_factors=5, epochs=2).fit(problem.X, problem.number)
    assert isinstance(model.bias_, float)
    assert model.linear_weights_.shape == (6,)
    assert model.factors_.shape == (6, 5)
    assert model.linear_weights_.dtype == model.factors_.dtype == np.float32
    assert (model.n_features_in_, model.n_iter_, len(model.history_)) == (6, 2, 2)


def test_learned_arrays_are_made_when_asked_for(problem: Any) -> None:
    model = FMRegressor(epochs=1).fit(problem.X, problem.number)
    assert not any(isinstance(value, np.ndarray) for value in vars(model).values())
    model.factors_[:] = 0
    assert model.factors_.any()


@pytest.mark.parametrize("name", ["bias_", "linear_weights_", "factors_", "model_"])
def test_learned_state_is_absent_before_fit(name: str) -> None:
    assert not hasattr(FMRegressor(), name)
    with pytest.raises(NotFittedError):
        getattr(FMClassifier(), name)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_array, np.float64])
def test_form_of_the_matrix_changes_no_byte(
    problem: Any, learned_bytes: Callable[[Any], bytes], form: Any
) -> None:
    plain = FMClassifier(epochs=3).fit(problem.X, problem.label)
    other = FMClassifier(epochs=3).fit(form(problem.X), problem.label)
    assert learned_bytes(plain) == learned_bytes(other)
    assert (
        plain.predict_proba(problem.X).tobytes() == other.predict_proba(form(problem.X)).tobytes()
    )


def test_number_of_threads_changes_no_byte(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    learned = {
        learned_bytes(FMRegressor(n_jobs=n_jobs).fit(problem.X, problem.number))
        for n_jobs in (None, -1, 1, 2, 3, 7)
    }
    assert len(learned) == 1


def test_pickled_estimator_predicts_and_goes_on_as_the_original(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    model = FMClassifier(epochs=3).fit(problem.X, problem.label)
    twin = pickle.loads(pickle.dumps(model))
    assert twin.predict_proba(problem.X).tobytes() == model.predict_proba(problem.X).tobytes()
    assert twin.history_ == model.history_
    for each in (model, twin):
        each.partial_fit(problem.X, problem.label)
    assert learned_bytes(model) == learned_bytes(twin)


def test_clone_has_the_parameters_and_nothing_learned(problem: Any) -> None:
    model = FMClassifier(epochs=3, class_weight={"up": 2.0}).fit(problem.X, problem.label)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "model_")


def test_seed_decides_what_is_learned(problem: Any, learned_bytes: Callable[[Any], bytes]) -> None:
    def learned(random_state: Any) -> bytes:
        model = FMRegressor(epochs=1, random_state=random_state)
        return learned_bytes(model.fit(problem.X, problem.number))

    assert learned(3) == learned(3) == learned(np.int64(3))
    assert learned(3) != learned(4)
    assert learned(None) != learned(None)
    assert learned(np.random.RandomState(1)) == learned(np.random.RandomState(1))


def test_untrained_feature_adds_nothing_unless_asked(problem: Any) -> None:
    X = problem.X.copy()
    X[:, 5] = 0
    probe = np.zeros((1, 6), dtype=np.float32)
    probe[0, 5] = 1000
    zero = FMRegressor(epochs=1).fit(X, problem.number)
    assert zero.predict(probe)[0] == np.float32(zero.bias_)
    initial = FMRegressor(epochs=1, untrained_features="initial").fit(X, problem.number)
    assert initial.predict(probe)[0] != np.float32(initial.bias_)


def test_model_says_how_it_was_trained_and_goes_into_a_file(problem: Any, tmp_path: Path) -> None:
    estimator = FMRegressor(num_factors=3, epochs=4).fit(problem.X, problem.number)
    estimator.model_.save(tmp_path / "model.pairloom")
    loaded = Model.load(tmp_path / "model.pairloom")
    assert loaded.metadata["training"]["epochs_run"] == 4
    assert loaded.metadata["training"]["rows"] == len(problem.number)
    assert np.array_equal(loaded.factors, estimator.factors_)
