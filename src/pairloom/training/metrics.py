"""Metrics under SageMaker's names, from the core's sums over rows."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from pairloom._core import MetricSums

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]

F_BETA = 1.0


def named_metrics(sums: MetricSums, predictor_type: PredictorType) -> dict[str, float]:
    """Return the means of the sums; empty sums give NaN."""
    if predictor_type == "regressor":
        mse = _ratio(sums.squared_error, sums.weight)
        return {
            "rmse": math.sqrt(mse),
            "mse": mse,
            "absolute_loss": _ratio(sums.absolute_error, sums.weight),
        }
    return {
        "binary_classification_accuracy": _ratio(sums.correct, sums.weight),
        "binary_classification_cross_entropy": _ratio(sums.log_loss, sums.weight),
        "binary_f_1.000": f_beta(sums),
    }


def f_beta(sums: MetricSums, beta: float = F_BETA) -> float:
    """Return the F-beta score of label 1; 0 when it was neither predicted nor there."""
    denominator = beta**2 * sums.actual_positive + sums.predicted_positive
    return (1 + beta**2) * sums.true_positive / denominator if denominator > 0 else 0.0


def loss_name(predictor_type: PredictorType) -> str:
    """Name the metric that training minimizes, and early stopping watches."""
    return "mse" if predictor_type == "regressor" else "binary_classification_cross_entropy"


def _ratio(total: float, weight: float) -> float:
    return total / weight if weight > 0 else math.nan
