"""A figure as the bytes of SVG and PNG: the same data, the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from pairloom.reports.palette import ACCENT, GREY, HAIRLINE, INK
from pairloom.reports.readable_names import readable_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = "DejaVu Sans"
STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "font.size": 9,
    "text.color": INK,
    # Names of features are text, whatever signs they hold.
    "text.parse_math": False,
    "text.usetex": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.formatter.use_mathtext": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": HAIRLINE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "pairloom",
    "path.simplify": True,
}
# Told apart by the line and the marker; the colours only help.
LINES: tuple[dict[str, Any], ...] = (
    {"color": INK, "linestyle": "-", "marker": "o"},
    {"color": ACCENT, "linestyle": "--", "marker": "s"},
    {"color": GREY, "linestyle": ":", "marker": "^"},
)
PLAIN_LINES = tuple({**line, "marker": None} for line in LINES)
DOTS_PER_INCH = 120
NAME_LENGTH, PAIRED_LENGTH = 36, 24
_UNKNOWN = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A finished picture.

    Attributes
    ----------
    name
        Of its file, without a suffix.
    title, alt
        A heading, and what the picture says to someone who does not see it.
    note
        How to read it; may be empty.
    width, height
        In CSS pixels.
    """

    name: str
    title: str
    alt: str
    note: str = ""
    width: int
    height: int
    svg: bytes
    png: bytes


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; call within `style()`."""
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


@contextmanager
def style() -> Iterator[None]:
    """Draw figures alike, whatever the user's own settings say, and leave those as they were."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def finished(figure: Figure, *, name: str, title: str, alt: str, note: str = "") -> Picture:
    """Render a figure."""
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    layout = figure.get_layout_engine()
    if layout is not None:  # once, not once for each kind of file
        layout.execute(figure)
        figure.set_layout_engine("none")
    return Picture(
        name=name,
        title=title,
        alt=alt,
        note=note,
        width=width,
        height=height,
        # Not by `savefig`, which draws each picture twice.
        png=_png(figure),
        svg=_svg(figure),  # last: it leaves the figure at another resolution
    )


def drawn_name(name: str, most: int = NAME_LENGTH) -> str:
    """Return a name for a picture: short, and only of characters that the font has."""
    shown = "".join(sign if ord(sign) in _drawable() else _UNKNOWN for sign in readable_name(name))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def name_ticks(axes: Axes, names: Sequence[tuple[str, ...]]) -> None:
    """Write names, or pairs of them, down the left side, the first at the top."""
    labels = [
        " & ".join(drawn_name(name, NAME_LENGTH if len(each) == 1 else PAIRED_LENGTH)
                   for name in each)
        for each in names
    ]  # fmt: skip
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None, "Creator": None}
    FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)  # type: ignore[no-untyped-call]
    return buffer.getvalue()
