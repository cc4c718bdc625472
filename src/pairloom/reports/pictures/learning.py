"""How loss and metric went from epoch to epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import MaxNLocator

from pairloom.reports.palette import GREY
from pairloom.reports.pictures.picture import LINES, Picture, finished, new_figure, style
from pairloom.training import EpochEvent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Loss, then metric: the name in a run's history, and what people call it.
SHOWN = {
    "binary_classifier": (
        ("binary_classification_cross_entropy", "cross-entropy (loss)"),
        ("binary_classification_accuracy", "accuracy"),
    ),
    "regressor": (("mse", "mean squared error (loss)"), ("absolute_loss", "mean absolute error")),
}
MOST_MARKERS = 25


def draw_learning_curves(
    history: Sequence[EpochEvent],
    best_epoch: int,
    predictor_type: Literal["binary_classifier", "regressor"],
) -> Picture:
    """Draw loss and metric of training and validation rows over the epochs."""
    with style():
        figure = new_figure(8.6, 3.2)
        for axes, (metric, label) in zip(figure.subplots(1, 2), SHOWN[predictor_type], strict=True):
            _draw_metric(axes, history, metric, label, best_epoch)
        return finished(
            figure,
            name="learning-curves",
            title="Learning curves",
            alt=_alt(history, *SHOWN[predictor_type][0]),
            note="Training rows are scored before the step that learns from them, so their "
            "points are means over an epoch; validation rows are scored at its end.",
        )


def _draw_metric(
    axes: Axes, history: Sequence[EpochEvent], metric: str, label: str, best_epoch: int
) -> None:
    epochs = [event.epoch + 1 for event in history]
    spacing = max(1, math.ceil(len(epochs) / MOST_MARKERS))
    for part, line in zip(("training", "validation"), LINES, strict=False):
        values = _values(history, metric, part)
        if any(map(math.isfinite, values)):
            axes.plot(epochs, values, label=part, markersize=4, markevery=spacing, **line)
    if len(epochs) > 1:
        axes.axvline(
            best_epoch + 1, color=GREY, linestyle="-.", linewidth=1, label="epoch of the model"
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel="epoch", ylabel=label)
    axes.legend()


def _values(history: Sequence[EpochEvent], metric: str, part: str) -> list[float]:
    return [
        (event.train if part == "training" else event.validation).get(metric, math.nan)
        for event in history
    ]


def _alt(history: Sequence[EpochEvent], metric: str, label: str) -> str:
    said = [f"Lines of loss and metric over {len(history)} epochs."]
    for part in ("training", "validation"):
        values = [value for value in _values(history, metric, part) if math.isfinite(value)]
        if values:
            said.append(f"The {label} of {part} goes from {values[0]:.4g} to {values[-1]:.4g}.")
    return " ".join(said)
