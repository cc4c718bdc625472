"""The tables of a report: what its pictures show, and what no picture can."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pairloom.reports.classifier_curves import CalibrationBin
from pairloom.reports.confusion import ConfusionMatrix
from pairloom.reports.readable_names import readable_name
from pairloom.reports.run_record import RunRecord
from pairloom.reports.strongest import NamedNumber

MOST_EPOCHS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text; the first of a line names it."""

    name: str
    caption: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str]]


def run_table(run: RunRecord) -> Table:
    """Say what was trained on what."""
    model = run.model
    lines = {
        "kind of model": model.predictor_type.replace("_", " "),
        "features": f"{model.feature_dim:,}",
        "features trained": f"{len(model.trained_features):,}",
        "factors": f"{model.num_factors:,}",
        "parameters": f"{1 + model.feature_dim * (1 + model.num_factors):,}",
    }
    if model.fields is not None:
        lines["fields"] = f"{len(np.unique(model.fields)):,}"
    if run.history:
        lines["training rows"] = f"{run.history[run.best_epoch].rows:,}"
        lines["epochs run"] = f"{len(run.history):,}"
        lines["epoch of the model"] = f"{run.best_epoch + 1:,}"
        factor = run.history[-1].learning_rate_factor
        if factor < 1:
            lines["learning rates of the last epoch"] = f"{factor:.4g} of the first epoch's"
    for part, rows in run.scored.items():
        lines[f"{part} rows"] = f"{len(rows.labels):,}"
    if run.version:
        lines["made by Pairloom"] = run.version
    return _pairs("run", "Model and rows", ("what", "value"), lines)


def metrics_table(run: RunRecord) -> Table | None:
    """List metrics by part of the data; None where nothing was measured."""
    parts: dict[str, Mapping[str, float]] = {}
    if run.history:
        best = run.history[run.best_epoch]
        parts = {"training": best.train, "validation": best.validation}
    parts["test"] = run.test
    measured = {part: values for part, values in parts.items() if values}
    if not measured:
        return None
    names = dict.fromkeys(name for values in measured.values() for name in values)
    return Table(
        name="metrics",
        caption="Metrics of the model's epoch",
        columns=("metric", *measured),
        lines=[
            (name, *(number(values.get(name)) for values in measured.values())) for name in names
        ],
    )


def epochs_table(run: RunRecord, loss: str) -> Table:
    """List the loss of each epoch; of many, the last ones."""
    shown = run.history[-MOST_EPOCHS:]
    left_out = "" if len(shown) == len(run.history) else f" (the last {MOST_EPOCHS})"
    return Table(
        name="epochs",
        caption=f"Loss by epoch{left_out}",
        columns=("epoch", "training", "validation"),
        lines=[
            (
                str(event.epoch + 1),
                number(event.train.get(loss)),
                number(event.validation.get(loss)),
            )
            for event in shown
        ],
    )


def confusion_table(matrix: ConfusionMatrix, part: str) -> Table:
    """Count rows by actual and predicted label."""
    return Table(
        name="confusion",
        caption=f"Confusion matrix of the {part} rows",
        columns=("", "predicted 0", "predicted 1"),
        lines=[
            ("actual 0", f"{matrix.true_negatives:,}", f"{matrix.false_positives:,}"),
            ("actual 1", f"{matrix.false_negatives:,}", f"{matrix.true_positives:,}"),
        ],
    )


def calibration_table(bins: Sequence[CalibrationBin], part: str) -> Table:
    """List the bins of the calibration picture."""
    return Table(
        name="calibration",
        caption=f"Calibration of the {part} rows",
        columns=("probability", "rows", "mean probability", "share of label 1"),
        lines=[
            (
                f"{item.lower:.1f} to {item.upper:.1f}",
                f"{item.rows:,}",
                f"{item.mean_probability:.4f}",
                f"{item.share_of_ones:.4f}",
            )
            for item in bins
        ],
    )


def strongest_table(name: str, caption: str, what: str, items: Sequence[NamedNumber]) -> Table:
    """List named numbers."""
    return Table(
        name=name,
        caption=caption,
        columns=(what, "value"),
        lines=[(" & ".join(map(readable_name, item.names)), number(item.value)) for item in items],
    )


def hyperparameters_table(run: RunRecord) -> Table:
    """List every hyperparameter of the run."""
    values = run.model.hyperparameters.to_dict()
    lines = {name: _setting(value) for name, value in values.items()}
    return _pairs("hyperparameters", "Hyperparameters", ("name", "value"), lines)


def timing_table(run: RunRecord) -> Table | None:
    """List what took how long; the one table that another run of the same may not repeat."""
    if not run.seconds:
        return None
    lines = {name: f"{seconds:.3f}" for name, seconds in run.seconds.items()}
    caption = "Timing: wall time, which differs from run to run"
    return _pairs("timing", caption, ("what", "seconds"), lines)


def number(value: float | None) -> str:
    """Write a measured number; `none` where it is missing or not finite."""
    return "none" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _pairs(name: str, caption: str, columns: tuple[str, str], lines: Mapping[str, str]) -> Table:
    return Table(name=name, caption=caption, columns=columns, lines=[*lines.items()])


def _setting(value: object) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)
