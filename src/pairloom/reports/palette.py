"""Colours of every picture: what a print in grey must tell apart differs in lightness too."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap

PAPER = "#fbf9f5"
INK = "#1c1b1a"
GREY = "#77736c"
HAIRLINE = "#d9d4ca"
FAINT = "#b5aea2"
ACCENT = "#c2410c"
# Lightness rises all the way, so that a print without colour says the same.
WEIGHT_COLOURS = LinearSegmentedColormap.from_list(
    "weights", ["#0b1730", "#3d4f78", "#979189", "#efb47c", "#fffaf0"]
)
