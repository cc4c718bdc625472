"""What the pictures of a binary classifier show, as numbers; each row counts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array

CALIBRATION_BINS = 10

Curve: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedCurves:
    """Rates at every threshold that tells rows apart, from the highest score down.

    Attributes
    ----------
    false_positive_rate, true_positive_rate
        The ROC curve, from (0, 0) to (1, 1).
    precision, recall
        One point for each threshold.
    """

    false_positive_rate: Curve
    true_positive_rate: Curve
    precision: Curve
    recall: Curve

    @property
    def area_under_roc(self) -> float:
        steps = np.diff(self.false_positive_rate)
        heights = (self.true_positive_rate[1:] + self.true_positive_rate[:-1]) / 2
        return float(np.sum(steps * heights))

    @property
    def average_precision(self) -> float:
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Rows whose probability lies in [lower, upper), the last bin's upper end included."""

    lower: float
    upper: float
    rows: int
    mean_probability: float
    share_of_ones: float


def ranked_curves(labels: Float32Array, scores: Float32Array) -> RankedCurves | None:
    """Return the curves of scores; None where all labels are of one class."""
    order = np.argsort(-scores, kind="stable")
    ranked_labels, ranked_scores = labels[order] == 1, scores[order]
    true_positives = np.cumsum(ranked_labels)
    num_rows, num_ones = len(labels), int(true_positives[-1]) if len(labels) else 0
    if num_ones in {0, num_rows}:
        return None
    last_of_its_score = np.append(np.flatnonzero(np.diff(ranked_scores)), num_rows - 1)
    found = true_positives[last_of_its_score]
    called = last_of_its_score + 1
    recall = found / num_ones
    return RankedCurves(
        false_positive_rate=np.append(0.0, (called - found) / (num_rows - num_ones)),
        true_positive_rate=np.append(0.0, recall),
        precision=found / called,
        recall=recall,
    )


def calibration_bins(labels: Float32Array, probabilities: Float32Array) -> list[CalibrationBin]:
    """Count rows in bins of equal width of the probability; empty bins are left out."""
    bins = np.minimum((probabilities * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS)
    expected = np.bincount(bins, probabilities.astype(np.float64), CALIBRATION_BINS)
    ones = np.bincount(bins, labels == 1, CALIBRATION_BINS)
    return [
        CalibrationBin(
            index / CALIBRATION_BINS,
            (index + 1) / CALIBRATION_BINS,
            int(rows[index]),
            float(expected[index] / rows[index]),
            float(ones[index] / rows[index]),
        )
        for index in np.flatnonzero(rows).tolist()
    ]


def calibration_error(bins: list[CalibrationBin]) -> float:
    """Return the mean distance of probability and share of ones over the bins' rows."""
    gaps = sum(one.rows * abs(one.mean_probability - one.share_of_ones) for one in bins)
    return gaps / sum(one.rows for one in bins)
