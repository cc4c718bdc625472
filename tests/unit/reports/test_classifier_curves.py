"""Curves and bins of a classifier, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from pairloom.reports.classifier_curves import (
    calibration_bins,
    calibration_error,
    ranked_curves,
)

RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 2, 3000).astype(np.float32)
# In steps of a twentieth, so that many rows share a score.
SCORES = (np.round(RANDOM.normal(LABELS, 1.5) * 20) / 20).astype(np.float32)
# Of any value: scikit-learn puts a row on the border of two bins into the lower one.
PROBABILITIES = (0.6 * RANDOM.random(3000) + 0.4 * LABELS).astype(np.float32)


def test_roc_is_that_of_scikit_learn() -> None:
    curves = ranked_curves(LABELS, SCORES)

    assert curves is not None
    false_rate, true_rate, _ = sklearn_roc_curve(LABELS, SCORES, drop_intermediate=False)
    np.testing.assert_allclose(curves.false_positive_rate, false_rate)
    np.testing.assert_allclose(curves.true_positive_rate, true_rate)
    assert curves.area_under_roc == pytest.approx(roc_auc_score(LABELS, SCORES))


def test_precision_and_recall_are_those_of_scikit_learn() -> None:
    curves = ranked_curves(LABELS, SCORES)

    assert curves is not None
    precision, recall, _ = precision_recall_curve(LABELS, SCORES)
    np.testing.assert_allclose(curves.precision, precision[-2::-1])
    np.testing.assert_allclose(curves.recall, recall[-2::-1])
    assert curves.average_precision == pytest.approx(average_precision_score(LABELS, SCORES))


@pytest.mark.parametrize("labels", [np.zeros(4, np.float32), np.ones(4, np.float32)])
def test_rows_of_one_class_have_no_curves(labels: np.ndarray) -> None:
    assert ranked_curves(labels, np.arange(4, dtype=np.float32)) is None


def test_bins_are_those_of_scikit_learn() -> None:
    bins = calibration_bins(LABELS, PROBABILITIES)

    share_of_ones, mean_probability = calibration_curve(LABELS, PROBABILITIES, n_bins=10)
    assert [one.share_of_ones for one in bins] == pytest.approx(share_of_ones.tolist())
    assert [one.mean_probability for one in bins] == pytest.approx(mean_probability.tolist())
    assert sum(one.rows for one in bins) == 3000


def test_probability_of_one_is_in_the_last_bin_and_empty_bins_are_left_out() -> None:
    bins = calibration_bins(np.array([0, 1, 1], np.float32), np.array([0.0, 1.0, 0.95], np.float32))

    assert [(one.lower, one.upper, one.rows) for one in bins] == [(0.0, 0.1, 1), (0.9, 1.0, 2)]
    assert calibration_error(bins) == pytest.approx(2 * 0.025 / 3)
