"""How often a binary classifier is right and wrong, and in which way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.5  # a probability of exactly one half is a 1, as in SageMaker


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts of rows by actual and predicted label."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    @property
    def errors(self) -> int:
        return self.false_positives + self.false_negatives

    @property
    def rows(self) -> int:
        return self.true_negatives + self.true_positives + self.errors

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 when no row is or was called positive."""
        counted = 2 * self.true_positives + self.errors
        return 2 * self.true_positives / counted if counted else 0.0

    def table(self) -> str:
        """Return the matrix as text: a heading, then one line for each actual label."""
        return "\n".join(
            (
                f"{'':<10}{'predicted 0':>13}{'predicted 1':>13}",
                f"{'actual 0':<10}{self.true_negatives:>13,}{self.false_positives:>13,}",
                f"{'actual 1':<10}{self.false_negatives:>13,}{self.true_positives:>13,}",
            )
        )


def predicted_labels(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return which rows are predicted to have label 1."""
    return probabilities >= THRESHOLD


def count_confusion(
    labels: npt.NDArray[np.float32], probabilities: npt.NDArray[np.float32]
) -> ConfusionMatrix:
    """Compare labels 0.0 and 1.0 with what a model's probabilities predict."""
    actual = labels == 1.0
    predicted = predicted_labels(probabilities)
    return ConfusionMatrix(
        true_negatives=int(np.count_nonzero(~actual & ~predicted)),
        false_positives=int(np.count_nonzero(~actual & predicted)),
        false_negatives=int(np.count_nonzero(actual & ~predicted)),
        true_positives=int(np.count_nonzero(actual & predicted)),
    )
