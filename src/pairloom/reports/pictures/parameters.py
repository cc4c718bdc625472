"""What a model has learned: weights, interactions, which features' factors are alike."""

from __future__ import annotations

from collections.abc import Sequence

from pairloom.reports.palette import INK, WEIGHT_COLOURS
from pairloom.reports.pictures.picture import (
    Picture,
    drawn_name,
    finished,
    name_ticks,
    new_figure,
    style,
)
from pairloom.reports.strongest import NamedNumber, Similarities

WIDTH = 8.6
LINE_HEIGHT, LETTER_WIDTH, MARGIN = 0.23, 0.08, 0.75  # inches
PLAIN, HATCHED = {"hatch": None}, {"hatch": "////"}


def draw_linear_weights(strongest: Sequence[NamedNumber]) -> Picture:
    """Draw the strongest linear weights as bars."""
    return _draw_bars(
        strongest,
        name="linear-weights",
        title="Strongest linear weights",
        label="linear weight",
        what="linear weights",
    )


def draw_interactions(strongest: Sequence[NamedNumber]) -> Picture:
    """Draw the strongest interactions as bars."""
    return _draw_bars(
        strongest,
        name="interactions",
        title="Strongest interactions",
        label="inner product of the factors",
        what="inner products of two features' factors",
    )


def draw_similarities(similarities: Similarities) -> Picture:
    """Draw the cosines between features' factors as a square of cells."""
    labels = [drawn_name(name) for name in similarities.names]
    side = len(labels)
    extent = LETTER_WIDTH * max(map(len, labels)) + LINE_HEIGHT * max(side, 8)
    with style():
        figure = new_figure(extent + 1.4, extent + 0.4)
        axes = figure.subplots()
        cells = axes.pcolormesh(
            similarities.cosines, cmap=WEIGHT_COLOURS, vmin=-1, vmax=1, edgecolor="white"
        )
        axes.set_xticks([place + 0.5 for place in range(side)], labels, rotation=90)
        axes.set_yticks([place + 0.5 for place in range(side)], labels)
        axes.set(ylim=(side, 0))
        axes.set_aspect("equal")
        axes.grid(visible=False)
        figure.colorbar(cells, ax=axes, label="cosine", shrink=0.6)
        return finished(
            figure,
            name="factor-similarity",
            title="Factor similarity",
            alt=f"Cosines between the factors of the {side} features with the longest factors; "
            f"{_most_alike(similarities)}",
            note="Features whose factors point the same way (1) act alike beside any third one; "
            "opposite ones (-1, the darkest) act oppositely.",
        )


def _draw_bars(
    strongest: Sequence[NamedNumber], *, name: str, title: str, label: str, what: str
) -> Picture:
    values = [item.value for item in strongest]
    with style():
        figure = new_figure(WIDTH, MARGIN + LINE_HEIGHT * len(strongest))
        axes = figure.subplots()
        for place, value in enumerate(values):
            axes.barh(place, value, height=0.7, edgecolor=INK, facecolor="#b5aea2" if value > 0
                      else "white", **(PLAIN if value > 0 else HATCHED))  # fmt: skip
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.grid(axis="y", visible=False)
        name_ticks(axes, [item.names for item in strongest])
        axes.set(xlabel=label)
        return finished(
            figure,
            name=name,
            title=title,
            alt=f"Bars of the {len(values)} largest absolute {what}, from {values[0]:.4g} to "
            f"{values[-1]:.4g}.",
            note="Grey: raises the score. Hatched: lowers it.",
        )


def _most_alike(similarities: Similarities) -> str:
    cosines = similarities.cosines
    pairs = [(cosines[i, j], i, j) for j in range(len(cosines)) for i in range(j)]
    cosine, first, second = max(pairs)
    names = similarities.names
    return (
        f"most alike are {drawn_name(names[first])} and {drawn_name(names[second])}, {cosine:.3f}."
    )
