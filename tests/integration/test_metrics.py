"""Metrics of the core against scikit-learn."""

from __future__ import annotations

import math
import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import evaluate

Float32Array = npt.NDArray[np.float32]

# Coarse steps make ties; the fine ones and the large ones do not.
SCORES = st.one_of(
    st.integers(-12, 12).map(lambda step: step / 4), st.floats(-40.0, 40.0, width=32)
)


def model_that_passes_values(predictor_type: str) -> Model:
    """Return a model of one feature whose score is the feature's value."""
    settings = resolve({"predictor_type": predictor_type, "feature_dim": 1, "num_factors": 1})
    return Model.from_parameters(
        settings,
        bias=0.0,
        linear_weights=np.ones(1, dtype=np.float32),
        factors=np.zeros((1, 1), dtype=np.float32),
    )


def predicted_probabilities(scores: Float32Array) -> Float32Array:
    rows = RowBatch(feature_dim=1, values=scores.reshape(-1, 1))
    return model_that_passes_values("binary_classifier").predict_rows(rows)


def evaluated(
    predictor_type: str,
    scores: Float32Array,
    labels: Float32Array,
    weights: Float32Array | None = None,
) -> dict[str, float]:
    rows = RowBatch(feature_dim=1, values=scores.reshape(-1, 1), labels=labels, weights=weights)
    return evaluate(model_that_passes_values(predictor_type), rows)


@st.composite
def scored_rows(
    draw: st.DrawFn, labels: st.SearchStrategy[float]
) -> tuple[Float32Array, Float32Array, Float32Array]:
    num_rows = draw(st.integers(1, 60))
    columns = [
        draw(hnp.arrays(np.float32, num_rows, elements=elements))
        for elements in (SCORES, labels, st.integers(1, 8).map(lambda part: part / 4))
    ]
    return columns[0], columns[1], columns[2]


@given(scored_rows(st.sampled_from([0.0, 1.0])), st.booleans())
def test_a_classifiers_metrics_equal_scikit_learns(
    rows: tuple[Float32Array, Float32Array, Float32Array], weighted: bool
) -> None:
    scores, labels, weights = rows
    sample_weight = weights.astype(np.float64) if weighted else None
    actual = evaluated("binary_classifier", scores, labels, weights if weighted else None)
    # From the score, not from a probability that has rounded to 1: log(1 + e^s) - y s.
    wide = scores.astype(np.float64)
    log_losses = np.logaddexp(0.0, wide) - labels * wide
    predicted = predicted_probabilities(scores) >= 0.5
    assert actual.pop("binary_classification_cross_entropy") == pytest.approx(
        np.average(log_losses, weights=sample_weight), rel=1e-5, abs=1e-7
    )
    assert actual.pop("binary_classification_accuracy") == pytest.approx(
        metrics.accuracy_score(labels, predicted, sample_weight=sample_weight), rel=1e-9
    )
    assert actual.pop("binary_f_1.000") == pytest.approx(
        metrics.f1_score(labels, predicted, sample_weight=sample_weight, zero_division=0.0),
        rel=1e-9,
    )
    auc = actual.pop("auc")
    if len(set(labels)) == 1:
        assert math.isnan(auc)
    else:
        assert auc == pytest.approx(metrics.roc_auc_score(labels, scores), rel=1e-12)
    assert actual == {}


@given(scored_rows(st.floats(-100.0, 100.0, width=32)), st.booleans())
def test_a_regressors_metrics_equal_scikit_learns(
    rows: tuple[Float32Array, Float32Array, Float32Array], weighted: bool
) -> None:
    scores, labels, weights = rows
    sample_weight = weights if weighted else None
    actual = evaluated("regressor", scores, labels, sample_weight)
    truth = (labels.astype(np.float64), scores.astype(np.float64))
    squared = metrics.mean_squared_error(*truth, sample_weight=sample_weight)
    absolute = metrics.mean_absolute_error(*truth, sample_weight=sample_weight)
    assert actual.pop("mse") == pytest.approx(squared, rel=1e-5, abs=1e-9)
    assert actual.pop("rmse") == pytest.approx(math.sqrt(squared), rel=1e-5, abs=1e-6)
    assert actual.pop("absolute_loss") == pytest.approx(absolute, rel=1e-5, abs=1e-6)
    assert actual == {}


def test_log_loss_equals_scikit_learns_where_probabilities_are_exact() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(0.0, 2.0, 5000).astype(np.float32)
    labels = (random.random(5000) < 0.4).astype(np.float32)
    probabilities = 1.0 / (1.0 + np.exp(-scores.astype(np.float64)))
    actual = evaluated("binary_classifier", scores, labels)
    expected = metrics.log_loss(labels, probabilities)
    assert actual["binary_classification_cross_entropy"] == pytest.approx(expected, rel=1e-6)


def test_auc_of_many_tied_scores_is_exact() -> None:
    random = np.random.default_rng(1)
    scores = random.integers(-3, 4, 200_000).astype(np.float32)
    scores[scores == 0] *= random.choice([-1.0, 1.0], np.count_nonzero(scores == 0))  # -0.0 too
    labels = (random.random(200_000) < 0.3).astype(np.float32)
    actual = evaluated("binary_classifier", scores, labels)["auc"]
    assert actual == pytest.approx(metrics.roc_auc_score(labels, scores), rel=1e-14)


def test_a_probability_of_a_half_is_a_positive_prediction() -> None:
    zeros = np.zeros(2, dtype=np.float32)
    labels = np.array([0.0, 1.0], dtype=np.float32)
    actual = evaluated("binary_classifier", zeros, labels)
    assert actual["binary_classification_accuracy"] == 0.5
    assert actual["binary_f_1.000"] == pytest.approx(2 / 3)
    assert actual["auc"] == 0.5


@given(hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-120.0, 120.0, width=32)))
def test_probabilities_equal_the_sigmoid(scores: Float32Array) -> None:
    actual = predicted_probabilities(scores)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = 1.0 / (1.0 + np.exp(-scores.astype(np.float64)))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-37)
