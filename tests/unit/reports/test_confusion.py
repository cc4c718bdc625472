"""The confusion matrix, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from pairloom.reports.confusion import ConfusionMatrix, count_confusion

LABELS = np.random.default_rng(3).integers(0, 2, 500).astype(np.float32)
PROBABILITIES = np.random.default_rng(4).random(500, dtype=np.float32)


def test_counts_are_those_of_scikit_learn() -> None:
    matrix = count_confusion(LABELS, PROBABILITIES)

    expected = confusion_matrix(LABELS, PROBABILITIES >= 0.5)
    assert [
        [matrix.true_negatives, matrix.false_positives],
        [matrix.false_negatives, matrix.true_positives],
    ] == expected.tolist()
    assert matrix.f1 == pytest.approx(f1_score(LABELS, PROBABILITIES >= 0.5))
    assert matrix.rows == 500
    assert matrix.errors == int(np.sum((PROBABILITIES >= 0.5) != LABELS))


def test_probability_of_one_half_is_a_one() -> None:
    matrix = count_confusion(np.ones(1, np.float32), np.full(1, 0.5, np.float32))

    assert matrix.true_positives == 1


def test_f1_is_zero_when_there_is_nothing_positive() -> None:
    assert count_confusion(np.zeros(2, np.float32), np.zeros(2, np.float32)).f1 == 0.0


def test_table_has_a_line_for_each_actual_label() -> None:
    matrix = ConfusionMatrix(
        true_negatives=8991, false_positives=29, false_negatives=108, true_positives=872
    )

    assert [line.split() for line in matrix.table().splitlines()] == [
        ["predicted", "0", "predicted", "1"],
        ["actual", "0", "8,991", "29"],
        ["actual", "1", "108", "872"],
    ]
