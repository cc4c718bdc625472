"""Metrics of a model on rows with labels."""

from __future__ import annotations

from pairloom._core import area_under_curve, metric_sums
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.binary_labels import check_labels
from pairloom.model import Model
from pairloom.training.metrics import named_metrics
from pairloom.training.row_weights import check_weighs_anything


def evaluate(model: Model, rows: RowBatch, *, num_threads: int = 0) -> dict[str, float]:
    """Score labelled rows and return the metrics under SageMaker's names.

    A classifier's also hold `auc`, NaN when all labels are one class. Rows count by their
    weights, except in `auc`, where each counts once.

    Raises
    ------
    DataError
        Rows without labels, labels of a classifier other than 0 and 1, rows too wide, no row
        of positive weight, a score that is not finite.
    """
    if rows.labels is None:
        raise DataError("rows to evaluate need labels")
    check_labels(rows.labels, model.predictor_type)
    check_weighs_anything(rows, "rows to evaluate")
    scores = model.score_rows(rows, num_threads=num_threads)
    sums = metric_sums(scores, rows.labels, rows.weights, model.predictor_type)
    metrics = named_metrics(sums, model.predictor_type)
    if model.predictor_type == "binary_classifier":
        metrics["auc"] = area_under_curve(scores, rows.labels)
    return metrics
