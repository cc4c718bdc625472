"""What a binary classifier gets right: ROC, precision and recall, calibration, confusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullLocator

from pairloom.reports.classifier_curves import CalibrationBin, Curve, RankedCurves
from pairloom.reports.confusion import ConfusionMatrix
from pairloom.reports.palette import ACCENT, GREY, INK
from pairloom.reports.pictures.picture import (
    LINES,
    PLAIN_LINES,
    Picture,
    finished,
    new_figure,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 2000
SQUARE = (4.2, 3.9)


def draw_roc(curves: Mapping[str, RankedCurves]) -> Picture:
    """Draw the ROC curve of each part of the data."""
    with style():
        figure = new_figure(*SQUARE)
        axes = figure.subplots()
        for (part, curve), line in zip(curves.items(), PLAIN_LINES, strict=False):
            label = f"{part}, area {curve.area_under_roc:.4f}"
            points = _thinned(curve.false_positive_rate, curve.true_positive_rate)
            axes.plot(*points, label=label, **line)
        axes.plot([0, 1], [0, 1], label="chance, area 0.5", linewidth=1, **PLAIN_LINES[2])
        axes.set(xlabel="false positive rate", ylabel="true positive rate (recall)")
        _unit_square(axes)
        axes.legend(loc="lower right")
        areas = _listed({part: curve.area_under_roc for part, curve in curves.items()})
        return finished(
            figure, name="roc", title="ROC", alt=f"ROC curve; the area under it is {areas}."
        )


def draw_precision_recall(
    curves: Mapping[str, RankedCurves], shares_of_ones: Mapping[str, float]
) -> Picture:
    """Draw precision over recall of each part of the data, and what chance would reach."""
    with style():
        figure = new_figure(*SQUARE)
        axes = figure.subplots()
        for (part, curve), line in zip(curves.items(), PLAIN_LINES, strict=False):
            label = f"{part}, average precision {curve.average_precision:.4f}"
            points = _thinned(curve.recall, curve.precision)
            axes.plot(*points, drawstyle="steps-pre", label=label, **line)
        share = next(iter(shares_of_ones.values()))
        chance = f"chance, share of label 1: {share:.4f}"
        axes.plot([0, 1], [share, share], label=chance, linewidth=1, **PLAIN_LINES[2])
        axes.set(xlabel="recall", ylabel="precision")
        _unit_square(axes)
        axes.legend(loc="best")
        precisions = _listed({part: curve.average_precision for part, curve in curves.items()})
        return finished(
            figure,
            name="precision-recall",
            title="Precision and recall",
            alt=f"Precision over recall; the average precision is {precisions}.",
        )


def draw_calibration(bins: Sequence[CalibrationBin], error: float, part: str) -> Picture:
    """Draw the share of ones over the probability, and below it how many rows stand behind it."""
    with style():
        figure = new_figure(*SQUARE)
        upper, lower = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
        upper.plot([0, 1], [0, 1], label="as predicted", linewidth=1, **PLAIN_LINES[2])
        upper.plot(
            [one.mean_probability for one in bins],
            [one.share_of_ones for one in bins],
            label=f"{part} rows",
            markersize=5,
            **LINES[0],
        )
        upper.set(ylabel="share of label 1")
        _unit_square(upper)
        upper.legend(loc="upper left")
        lower.bar(
            [one.lower for one in bins],
            [one.rows for one in bins],
            width=[one.upper - one.lower for one in bins],
            align="edge",
            facecolor="white",
            edgecolor=INK,
            hatch="////",
        )
        lower.set(xlabel="predicted probability of label 1", ylabel="rows", yscale="log")
        lower.yaxis.set_major_formatter("{x:,.0f}")
        lower.yaxis.set_minor_locator(NullLocator())
        return finished(
            figure,
            name="calibration",
            title="Calibration",
            alt=f"Share of label 1 over predicted probability in {len(bins)} bins of {part} rows, "
            f"with the rows of each bin; on average they are {error:.4f} apart.",
            note="On the dotted line, of the rows with probability p a share p has label 1.",
        )


def draw_confusion(matrix: ConfusionMatrix, part: str) -> Picture:
    """Draw the four counts: right ones on hatched ground, wrong ones on white."""
    counts = (
        (matrix.true_negatives, matrix.false_positives),
        (matrix.false_negatives, matrix.true_positives),
    )
    with style():
        figure = new_figure(*SQUARE)
        axes = figure.subplots()
        for actual, predicted in np.ndindex(2, 2):
            _draw_count(axes, actual, predicted, counts[actual][predicted], matrix.rows)
        axes.set(xlabel="predicted label", ylabel="actual label", xlim=(0, 2), ylim=(2, 0))
        axes.set_xticks([0.5, 1.5], ["0", "1"])
        axes.set_yticks([0.5, 1.5], ["0", "1"])
        axes.grid(visible=False)
        axes.tick_params(length=0)
        return finished(
            figure,
            name="confusion",
            title="Confusion matrix",
            alt=f"Of {matrix.rows:,} {part} rows, {matrix.true_negatives:,} of label 0 and "
            f"{matrix.true_positives:,} of label 1 are predicted right; {matrix.false_positives:,} "
            f"of label 0 and {matrix.false_negatives:,} of label 1 are not.",
            note="Label 1 is predicted from a probability of one half on. Hatched: right.",
        )


def _draw_count(axes: Axes, actual: int, predicted: int, count: int, rows: int) -> None:
    right = actual == predicted
    axes.bar(
        [predicted + 0.5],
        [0.94],
        width=0.94,
        bottom=actual + 0.03,
        facecolor="white",
        edgecolor=GREY if right else ACCENT,
        linewidth=1.5,
        hatch="///" if right else None,
    )
    box = {"facecolor": "white", "edgecolor": "none", "pad": 3}
    text = f"{count:,}\n{count / rows:.2%}"
    axes.text(predicted + 0.5, actual + 0.5, text, ha="center", va="center", size=12, bbox=box)


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def _thinned(x: Curve, y: Curve) -> tuple[Curve, Curve]:
    """Leave points out that no eye could tell apart; those that stay are points of the curve."""
    if len(x) <= MOST_POINTS:
        return x, y
    way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS)))
    kept = np.append(kept, len(x) - 1)
    return x[kept], y[kept]


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{value:.4f} ({part})" for part, value in values.items())
