"""Rows at the edges of what training takes: none, zeros, one class, the last id."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from integration.runs import as_classes, dense_rows, one_hot_rows, run, sparse_rows_of
from pairloom.batch import RowBatch
from pairloom.errors import DataError, UserError
from pairloom.hyperparameters import resolve
from pairloom.training import evaluate, train

REGRESSOR = {"predictor_type": "regressor"}
CLASSIFIER = {"predictor_type": "binary_classifier"}


def sparse_row(feature_id: int, feature_dim: int, *, dtype: type = np.int64) -> RowBatch:
    return RowBatch(
        feature_dim=feature_dim,
        row_offsets=np.array([0, 0, 1], dtype=np.int64),
        feature_ids=np.array([feature_id], dtype=dtype),
        values=np.array([2.0], dtype=np.float32),
        labels=np.array([0.0, 1.0], dtype=np.float32),
    )


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_rows_of_zeros_move_only_the_bias(form: str) -> None:
    rows = dense_rows(300)
    assert rows.values is not None
    rows.values[:] = 0.0
    rows = rows if form == "dense" else sparse_rows_of(rows.values, rows)
    start = run(rows, {**REGRESSOR, "bias_lr": 0.0}, num_threads=2).model
    model = run(rows, REGRESSOR, num_threads=2).model
    np.testing.assert_array_equal(model.factors, start.factors)
    np.testing.assert_array_equal(model.linear_weights, start.linear_weights)
    assert model.bias != start.bias
    assert not model.trained.any()
    assert (model.score_rows(rows) == np.float32(model.bias)).all()


@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_training_without_rows_is_an_error(form: str) -> None:
    rows = dense_rows(0)
    assert rows.values is not None
    rows = rows if form == "dense" else sparse_rows_of(rows.values, rows)
    with pytest.raises(DataError, match="at least one row"):
        run(rows, REGRESSOR, num_threads=2)


def test_training_on_rows_without_weight_is_an_error() -> None:
    rows = replace(dense_rows(20), weights=np.zeros(20, dtype=np.float32))
    with pytest.raises(DataError, match=r"positive weight.*20 rows"):
        run(rows, REGRESSOR, num_threads=2)


def test_no_rows_score_to_no_scores() -> None:
    model = run(dense_rows(50), REGRESSOR, num_threads=2).model
    empty = dense_rows(0)
    assert empty.values is not None
    for rows in (empty, sparse_rows_of(empty.values, empty)):
        assert model.score_rows(rows).shape == (0,)
        assert model.predict_rows(rows).dtype == np.float32


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_alone_trains_and_has_no_auc(label: float) -> None:
    rows = one_hot_rows(2000)
    rows = replace(rows, labels=np.full(2000, label, dtype=np.float32))
    model = run(rows, {**CLASSIFIER, "epochs": 20}, num_threads=2).model
    metrics = evaluate(model, rows)
    assert math.isnan(metrics.pop("auc"))
    assert all(math.isfinite(value) for value in metrics.values())
    assert metrics["binary_classification_accuracy"] == 1.0


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("feature_dim", [1, 1000, 3_000_000])
def test_the_last_id_is_trained(feature_dim: int, dtype: type) -> None:
    rows = sparse_row(feature_dim - 1, feature_dim, dtype=dtype)
    model = run(rows, {**REGRESSOR, "num_factors": 2}, num_threads=2).model
    assert np.flatnonzero(model.trained).tolist() == [feature_dim - 1]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("feature_id", [-1, 1000, 2**31 - 1])
def test_an_id_outside_is_an_error_with_its_row(feature_id: int, dtype: type) -> None:
    rows = sparse_row(feature_id, 1000, dtype=dtype)
    with pytest.raises(DataError, match=rf"row 1 .*feature id {feature_id}; .*999"):
        run(rows, REGRESSOR, num_threads=2)
    model = run(sparse_row(999, 1000), REGRESSOR, num_threads=2).model
    with pytest.raises(DataError, match=rf"row 1 .*feature id {feature_id}; .*999"):
        model.score_rows(rows)


def test_an_id_beyond_32_bits_is_not_wrapped_into_range() -> None:
    with pytest.raises(DataError, match=str(2**32 + 5)):
        run(sparse_row(2**32 + 5, 1000), REGRESSOR, num_threads=2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["value", "label", "weight"])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_what_is_not_finite_is_an_error_with_its_row(form: str, where: str, value: float) -> None:
    rows = replace(dense_rows(50, density=1.0), weights=np.ones(50, dtype=np.float32))
    array = {"value": rows.values, "label": rows.labels, "weight": rows.weights}[where]
    assert array is not None
    array[31] = value
    assert rows.values is not None
    rows = rows if form == "dense" else sparse_rows_of(rows.values, rows)
    with pytest.raises(DataError, match=f"row 31 .*{where}.*{where}s must be finite"):
        run(rows, REGRESSOR, num_threads=2)


def test_a_negative_weight_is_an_error_with_its_row() -> None:
    weights = np.ones(50, dtype=np.float32)
    weights[31] = -1.0
    with pytest.raises(DataError, match="row 31 has the weight -1"):
        run(replace(dense_rows(50), weights=weights), REGRESSOR, num_threads=2)


@pytest.mark.parametrize("label", [-1.0, 0.5, 2.0])
def test_a_classifier_takes_no_label_but_0_and_1(label: float) -> None:
    rows = as_classes(dense_rows(50))
    assert rows.labels is not None
    rows.labels[31] = label
    with pytest.raises(DataError, match=f"row 31 has the label {label:g}"):
        run(rows, CLASSIFIER, num_threads=2)


def test_rows_wider_or_narrower_than_the_model_are_an_error_in_training() -> None:
    settings = resolve({**REGRESSOR, "feature_dim": 40, "num_factors": 2})
    for feature_dim in (39, 41):
        with pytest.raises(DataError, match=f"{feature_dim} features wide; feature_dim is 40"):
            train(dense_rows(50, feature_dim=feature_dim), settings)


def test_early_stopping_without_validation_rows_is_an_error() -> None:
    with pytest.raises(UserError, match="early_stopping needs validation rows"):
        run(dense_rows(50), {**REGRESSOR, "early_stopping": True}, num_threads=2)


def test_a_table_too_large_for_the_machine_says_so() -> None:
    wide = {"feature_dim": 2**31 - 1, "num_factors": 100_000, "feature_table": "fixed"}
    settings = resolve({**REGRESSOR, **wide})
    rows = sparse_row(5, 2**31 - 1)
    with pytest.raises(MemoryError, match=f"feature_dim {2**31 - 1} with num_factors 100000"):
        train(rows, settings)


@pytest.mark.parametrize("untrained_features", ["zero", "initial"])
def test_untrained_features_score_as_asked_for(untrained_features: str) -> None:
    rows = dense_rows(300, density=1.0)
    assert rows.values is not None
    rows.values[:, 9] = 0.0
    settings = {
        **REGRESSOR,
        "untrained_features": untrained_features,
        "linear_init_method": "constant",
        "linear_init_value": 0.5,
    }
    model = run(rows, settings, num_threads=2).model
    alone = np.zeros((1, 40), dtype=np.float32)
    alone[0, 9] = 2.0
    score = model.score_rows(RowBatch(feature_dim=40, values=alone))[0]
    expected = model.bias + (1.0 if untrained_features == "initial" else 0.0)
    assert score == pytest.approx(expected, rel=1e-6)
