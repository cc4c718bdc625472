"""Data frames of any library, with columns that are not numbers."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from pairloom import FMClassifier, FMRegressor
from pairloom.errors import DataError

COLUMNS = {
    "city": ["Paris", "Rome", "Rome", "Oslo"] * 10,
    "age": [1.0, 2.0, 3.0, None] * 10,
    "tags": [["a", "b"], ["a"], [], None] * 10,
}
LABELS = [1, 0, 0, 1] * 10
NAMES = ["city=Oslo", "city=Paris", "city=Rome", "age", "tags=a", "tags=b"]
FRAMES = {
    "pandas": pd.DataFrame(COLUMNS),
    "pandas-category": pd.DataFrame(COLUMNS).astype({"city": "category"}),
    "polars": pl.DataFrame(COLUMNS),
    "pyarrow": pa.table(COLUMNS),
}
WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
import pandas as pd
from pairloom import FMClassifier
FMClassifier().fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1])
try:
    FMClassifier().fit(pd.DataFrame({"a": pd.Categorical(["x", "y"])}), [0, 1])
except ValueError as error:
    print(error)
"""


def one_hot() -> Any:
    """Encode the columns by hand."""
    rows = []
    for city, age, tags in zip(*COLUMNS.values(), strict=True):
        held = {f"city={city}": 1.0, "age": age or 0, **{f"tags={tag}": 1.0 for tag in tags or ()}}
        rows.append([held.get(name, 0.0) for name in NAMES])
    return np.array(rows, np.float32)


@pytest.mark.parametrize("library", FRAMES)
def test_frame_trains_as_its_columns_encoded_by_hand(library: str) -> None:
    frame = FRAMES[library]
    model = FMClassifier(epochs=5).fit(frame, LABELS)
    by_hand = FMClassifier(epochs=5).fit(one_hot(), LABELS)
    assert model.encoding_.feature_names() == NAMES
    assert list(model.model_.feature_names or ()) == NAMES
    np.testing.assert_array_equal(model.factors_, by_hand.factors_)
    np.testing.assert_array_equal(model.predict_proba(frame), by_hand.predict_proba(one_hot()))
    assert not hasattr(by_hand, "encoding_")


def test_values_that_were_not_learned_count_nothing() -> None:
    model = FMClassifier(epochs=5).fit(FRAMES["polars"], LABELS)
    new = pl.DataFrame({"tags": [["z"]], "age": [None], "city": ["Bern"]})
    assert model.decision_function(new)[0] == pytest.approx(model.bias_)


def test_encoding_is_pickled_and_cloned_away() -> None:
    model = FMClassifier(epochs=2).fit(FRAMES["pandas"], LABELS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict_proba(FRAMES["polars"]), model.predict_proba(FRAMES["pandas"])
    )
    assert not hasattr(clone(model), "encoding_")


def test_frames_are_cross_validated() -> None:
    frame = FRAMES["pandas"]
    scores = cross_val_score(FMClassifier(epochs=30), frame, LABELS, cv=2)
    assert scores.mean() > 0.9


def test_eval_set_and_partial_fit_use_the_first_encoding() -> None:
    model = FMClassifier(epochs=2)
    model.fit(FRAMES["pandas"], LABELS, eval_set=(FRAMES["pandas"].iloc[:4], LABELS[:4]))
    model.partial_fit(pd.DataFrame({"city": ["Bern"], "age": [1.0], "tags": [[]]}), [1])
    assert model.encoding_.feature_names() == NAMES


def test_a_second_fit_learns_anew() -> None:
    model = FMClassifier(epochs=1).fit(FRAMES["pandas"], LABELS)
    model.fit(pd.DataFrame({"city": ["Bern", "Rome"]}), [0, 1])
    assert model.encoding_.feature_names() == ["city=Bern", "city=Rome"]
    model.fit(np.eye(2), [0, 1])
    assert not hasattr(model, "encoding_")


def test_a_failed_fit_leaves_the_encoding_as_it_was() -> None:
    model = FMClassifier(epochs=1).fit(FRAMES["pandas"], LABELS)
    with pytest.raises(DataError, match="column when is timestamp"):
        model.fit(pd.DataFrame({"when": pd.to_datetime(["2026-01-01"])}), [1])
    assert model.encoding_.feature_names() == NAMES


def test_frame_without_a_learned_column_is_refused() -> None:
    model = FMClassifier(epochs=1).fit(FRAMES["pandas"], LABELS)
    with pytest.raises(DataError, match="the frame: no column city; it has age, tags"):
        model.predict(FRAMES["pandas"][["age", "tags"]])


def test_columns_are_hashed_when_told() -> None:
    model = FMClassifier(epochs=20, hash_bits=10).fit(FRAMES["pandas"], LABELS)
    assert model.factors_.shape[0] == 1024
    assert model.encoding_.hash_bits == 10
    assert model.score(FRAMES["polars"], LABELS) == 1


def test_wide_matrix_is_hashed_when_told() -> None:
    X = np.zeros((40, 5000), np.float32)
    X[np.arange(40), np.arange(40) % 2 + 4000] = 1
    y = np.arange(40) % 2 * 3.0
    model = FMRegressor(epochs=60, hash_bits=6, linear_lr=0.1).fit(X, y)
    assert model.factors_.shape == (64, 8)
    assert model.n_features_in_ == 5000
    assert model.score(X, y) > 0.9


def test_frame_of_numbers_alone_needs_no_pyarrow_and_others_name_the_remedy() -> None:
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_PYARROW],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "need pyarrow, which is not installed: pip install 'pairloom[arrow]'" in said
