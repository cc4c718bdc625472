"""The estimators among others: data frames, pipelines, searches, joblib."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction import FeatureHasher
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pairloom import FMClassifier, FMRegressor


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_grid_search_in_parallel_finds_the_better_setting(problem: Any, backend: str) -> None:
    grid = {"num_factors": [1, 4], "factors_lr": [0.0, 0.03]}
    search = GridSearchCV(FMRegressor(epochs=100, factors_wd=0), grid, cv=3)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search.fit(problem.X, problem.number)
    assert search.best_params_ == {"num_factors": 4, "factors_lr": 0.03}


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (2.5, 7.5), (False, True), ("a", "b")])
def test_any_two_labels_are_told_apart(problem: Any, labels: tuple[Any, Any]) -> None:
    first, second = labels
    y = np.where(problem.label == "up", second, first)
    model = FMClassifier(epochs=5).fit(problem.X, y)
    names = FMClassifier(epochs=5).fit(problem.X, problem.label)
    assert model.classes_.tolist() == [first, second]
    predicted = np.where(names.predict(problem.X) == "up", second, first)
    assert np.array_equal(model.predict(problem.X), predicted)


def test_labels_may_be_python_objects(problem: Any) -> None:
    y = problem.label.astype(object)
    assert set(FMClassifier(epochs=2).fit(problem.X, y).predict(problem.X)) <= {"up", "down"}


def test_more_than_two_classes_are_refused(problem: Any) -> None:
    y = np.arange(len(problem.X)) % 3
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        FMClassifier().fit(problem.X, y)


def test_feature_names_of_a_data_frame_are_kept_and_compared(problem: Any) -> None:
    frame = pd.DataFrame(problem.X, columns=list("abcdef"))
    model = FMRegressor(epochs=2).fit(frame, pd.Series(problem.number))
    assert model.feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_pipeline_of_one_hot_columns_trains_on_sparse_rows() -> None:
    random = np.random.default_rng(2)
    people, films = random.integers(0, 20, 2000), random.integers(0, 15, 2000)
    taste, kind = random.normal(size=(20, 2)), random.normal(size=(15, 2))
    rating = np.sum(taste[people] * kind[films], axis=1)
    X = np.column_stack((people, films))
    model = make_pipeline(OneHotEncoder(), FMRegressor(epochs=60, factors_wd=0.001))
    assert cross_val_score(model, X, rating, cv=3).min() > 0.8


def test_hashed_features_may_be_wider_than_any_trained_id(problem: Any) -> None:
    hasher = FeatureHasher(2**20, input_type="string")
    X = hasher.transform([f"{value:.1f}" for value in row] for row in problem.X)
    model = FMClassifier(num_factors=2, epochs=2).fit(X, problem.label)
    assert model.linear_weights_.shape == (2**20,)
    assert model.predict(X).shape == (120,)


def test_wider_rows_are_refused_or_cut_to_the_trained_width(problem: Any) -> None:
    narrow = FMRegressor(epochs=2).fit(sp.csr_array(problem.X), problem.number)
    wide = sp.csr_array(np.hstack([problem.X, np.ones((120, 2), dtype=np.float32)]))
    with pytest.raises(ValueError, match="X has 8 features, but FMRegressor is expecting 6"):
        narrow.predict(wide)
    narrow.set_params(out_of_range_features="ignore")
    with pytest.warns(UserWarning, match="ignored 240 nonzero values"):
        predicted = narrow.predict(wide)
    assert predicted.tobytes() == narrow.predict(problem.X).tobytes()


def test_unknown_treatment_of_wide_rows_is_refused(problem: Any) -> None:
    model = FMRegressor(out_of_range_features="drop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="out_of_range_features: 'drop' is refused"):
        model.fit(problem.X, problem.number)
