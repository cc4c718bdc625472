"""How far a regressor's predictions are from what was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LogNorm
from matplotlib.ticker import NullLocator

from pairloom.reports.palette import ACCENT, INK
from pairloom.reports.pictures.picture import Picture, finished, new_figure, style
from pairloom.reports.scored_rows import ScoredRows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS = 40
FEW_ROWS = 1000
SIZE = (4.2, 3.9)


def draw_predicted_against_actual(rows: ScoredRows, part: str) -> Picture:
    """Draw predictions over labels: points, or grey cells where there are many rows."""
    with style():
        figure = new_figure(*SIZE)
        axes = figure.subplots()
        _draw_rows(figure, axes, rows.labels, rows.scores)
        ends = [
            float(min(rows.labels.min(), rows.scores.min())),
            float(max(rows.labels.max(), rows.scores.max())),
        ]
        axes.plot(ends, ends, color=ACCENT, linestyle="--", label="predicted as it was")
        axes.set(xlabel="actual", ylabel="predicted")
        axes.legend()
        return finished(
            figure,
            name="predicted-actual",
            title="Predicted and actual",
            alt=f"Predictions over labels of {len(rows.labels):,} {part} rows, of correlation "
            f"{_correlation(rows):.4f}.",
        )


def draw_residuals(rows: ScoredRows, part: str) -> Picture:
    """Draw how often a label lies how far from the prediction, and where."""
    residuals = rows.labels.astype(np.float64) - rows.scores
    mean, spread = float(residuals.mean()), float(residuals.std())
    with style():
        figure = new_figure(8.6, 3.2)
        left, right = figure.subplots(1, 2)
        left.hist(residuals, bins=CELLS, facecolor="white", edgecolor=INK, hatch="////")
        left.axvline(mean, color=ACCENT, linestyle="--", label=f"mean {mean:.4g}")
        left.set(xlabel="actual minus predicted", ylabel="rows")
        left.legend()
        _draw_rows(figure, right, rows.scores, residuals.astype(np.float32))
        right.axhline(0, color=ACCENT, linestyle="--")
        right.set(xlabel="predicted", ylabel="actual minus predicted")
        return finished(
            figure,
            name="residuals",
            title="Residuals",
            alt=f"Histogram of actual minus predicted of {len(residuals):,} {part} rows, mean "
            f"{mean:.4g}, standard deviation {spread:.4g}; and residuals over predictions.",
        )


def _draw_rows(
    figure: Figure, axes: Axes, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]
) -> None:
    if len(x) <= FEW_ROWS:
        axes.plot(x, y, linestyle="none", marker="o", markersize=2.5, markerfacecolor="none",
                  markeredgecolor=INK, markeredgewidth=0.6)  # fmt: skip
        return
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=CELLS)
    cells = axes.pcolormesh(
        x_edges, y_edges, np.where(counts.T > 0, counts.T, np.nan), cmap="Greys",
        norm=LogNorm(0.5, max(2.0, float(counts.max()))),
    )  # fmt: skip
    bar = figure.colorbar(cells, ax=axes, label="rows")
    bar.ax.yaxis.set_major_formatter("{x:,.0f}")
    bar.ax.yaxis.set_minor_locator(NullLocator())


def _correlation(rows: ScoredRows) -> float:
    if rows.labels.std() == 0 or rows.scores.std() == 0:
        return 0.0
    return float(np.corrcoef(rows.labels, rows.scores)[0, 1])
