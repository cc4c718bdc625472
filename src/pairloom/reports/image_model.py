"""One picture of a classifier of images: what it gets right, how it learned, what it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from pairloom.reports.confusion import ConfusionMatrix
from pairloom.reports.palette import ACCENT, FAINT, GREY, HAIRLINE, INK, PAPER, WEIGHT_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": HAIRLINE,
    "axes.labelcolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
}
DOTS_PER_INCH = 120
# The grid, in inches: two columns, the left as wide as two factor images, the right as five.
WIDTH, HEIGHT = 11.0, 7.85
LEFT = 0.66
TILE, GAP, GUTTER = 1.197, 0.12, 0.70
LEFT_WIDTH = 2 * TILE + GAP
RIGHT = LEFT + LEFT_WIDTH + GUTTER
RIGHT_WIDTH = 5 * TILE + 4 * GAP
UPPER_TOP, UPPER_HEIGHT = 1.75, 2.1
LOWER_TOP = 4.75
FACTORS_PER_LINE = 5
MOST_FACTORS = 10
SMOOTHED_STEPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModelReport:
    """What the picture shows.

    Attributes
    ----------
    title, subtitle
        Two lines at the head.
    class_names
        Of label 0 and label 1.
    confusion
        On the test rows.
    rows_seen, losses
        The learning curve: rows trained on, and the loss of the mini-batch then.
    linear_weights, factors
        (pixels,) and (pixels, num_factors); images are square.
    """

    title: str
    subtitle: str
    class_names: tuple[str, str]
    confusion: ConfusionMatrix
    rows_seen: Sequence[int]
    losses: Sequence[float]
    linear_weights: FloatArray
    factors: FloatArray


def draw_image_model(report: ImageModelReport, path: Path) -> None:
    """Write the picture as PNG; of more than ten factors, the first ten are shown."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH)
        canvas = FigureCanvasAgg(figure)
        _write(figure, LEFT, 0.62, report.title, fontsize=22, fontweight="bold")
        _write(figure, LEFT, 0.95, report.subtitle, fontsize=10, color=GREY)
        _draw_confusion(figure, report)
        _draw_curve(figure, report)
        _draw_weights(figure, report)
        # Not by `savefig`, which draws each picture twice.
        canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _write(figure: Figure, left: float, baseline: float, text: str, **style: Any) -> None:
    figure.text(left / WIDTH, 1 - baseline / HEIGHT, text, va="baseline", **style)


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    return figure.add_axes(
        (left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
    )


def _heading(figure: Figure, left: float, top: float, head: str, rest: str) -> None:
    _write(figure, left, top - 0.34, head, fontsize=10.5, fontweight="bold")
    _write(figure, left, top - 0.14, rest, color=GREY)


def _draw_confusion(figure: Figure, report: ImageModelReport) -> None:
    confusion = report.confusion
    head = f"{confusion.errors:,} errors"
    _heading(figure, LEFT, UPPER_TOP, head, f"in {confusion.rows:,} test images")
    axes = _axes(figure, LEFT, UPPER_TOP, LEFT_WIDTH, UPPER_HEIGHT)
    axes.set(xlim=(0, LEFT_WIDTH), ylim=(UPPER_HEIGHT, 0))
    axes.axis("off")
    counts = (
        (confusion.true_negatives, confusion.false_positives),
        (confusion.false_negatives, confusion.true_positives),
    )
    for actual, called in np.ndindex(2, 2):
        _draw_cell(axes, actual, called, counts[actual][called], report.class_names)


def _draw_cell(
    axes: Axes, actual: int, called: int, count: int, class_names: tuple[str, str]
) -> None:
    right = actual == called
    height = (UPPER_HEIGHT - GAP) / 2
    left, top = called * (TILE + GAP), actual * (height + GAP)
    axes.add_patch(
        Rectangle(
            (left, top),
            TILE,
            height,
            facecolor=INK if right else PAPER,
            edgecolor=INK,
            linewidth=1.2,
            clip_on=False,
        )
    )
    words = f"{class_names[actual]},\ncalled {class_names[called]}"
    axes.text(left + 0.1, top + 0.1, words, va="top", fontsize=8, color="#d9d4ca" if right else INK)
    axes.text(
        left + TILE - 0.1,
        top + height - 0.12,
        f"{count:,}",
        ha="right",
        va="baseline",
        fontsize=20,
        color=PAPER if right else ACCENT,
        fontweight="bold",
    )


def _draw_curve(figure: Figure, report: ImageModelReport) -> None:
    rest = "cross-entropy of each mini-batch before its step, and its running mean, by images seen"
    _heading(figure, RIGHT, UPPER_TOP, "How it learned", rest)
    axes = _axes(figure, RIGHT, UPPER_TOP, RIGHT_WIDTH, UPPER_HEIGHT)
    rows_seen, losses = np.asarray(report.rows_seen), np.asarray(report.losses)
    axes.plot(rows_seen, losses, color=FAINT, linewidth=0.9)
    axes.plot(*_running_mean(rows_seen, losses), color=ACCENT, linewidth=2.2)
    axes.set_yscale("log")
    axes.set_xlim(0, rows_seen[-1])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="y", color=HAIRLINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.get_xticklabels()[-1].set_horizontalalignment("right")


def _running_mean(rows_seen: FloatArray, losses: FloatArray) -> tuple[FloatArray, FloatArray]:
    steps = min(SMOOTHED_STEPS, len(losses))
    return rows_seen[steps - 1 :], np.convolve(losses, np.full(steps, 1 / steps), "valid")


def _draw_weights(figure: Figure, report: ImageModelReport) -> None:
    negative, positive = report.class_names
    rest = f"light pixels say {positive}, dark ones {negative}"
    _heading(figure, LEFT, LOWER_TOP, "Linear weights", rest)
    _draw_image(_axes(figure, LEFT, LOWER_TOP, LEFT_WIDTH, LEFT_WIDTH), report.linear_weights)
    shown = report.factors.T[:MOST_FACTORS]
    rest = "two pixels alike in a factor say {0}, two unlike ones {1}: its sign alone says nothing"
    _heading(figure, RIGHT, LOWER_TOP, "Factors", rest.format(positive, negative))
    for index, factor in enumerate(shown):
        line, column = divmod(index, FACTORS_PER_LINE)
        left, top = RIGHT + column * (TILE + GAP), LOWER_TOP + line * (TILE + GAP)
        _draw_image(_axes(figure, left, top, TILE, TILE), factor)


def _draw_image(axes: Axes, weights: FloatArray) -> None:
    side = round(weights.size**0.5)
    limit = float(np.abs(weights).max()) or 1.0
    axes.imshow(weights.reshape(side, side), cmap=WEIGHT_COLOURS, vmin=-limit, vmax=limit)
    axes.axis("off")
