"""Weights of a model of images, as images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pairloom.batch import Float32Array
from pairloom.reports.palette import WEIGHT_COLOURS
from pairloom.reports.pictures.picture import Picture, finished, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


PER_LINE = 6
TILE = 1.4


def draw_weight_images(linear_weights: Float32Array, factors: Float32Array) -> Picture:
    """Draw linear weights and factors of features that are the pixels of a square."""
    images = {"linear weights": linear_weights} | {
        f"factor {index + 1}": factors[:, index] for index in range(factors.shape[1])
    }
    lines = -(-len(images) // PER_LINE)
    with style():
        figure = new_figure(PER_LINE * TILE, lines * (TILE + 0.2))
        grid = figure.subplots(lines, PER_LINE, squeeze=False).flatten()
        for axes in grid:
            axes.axis("off")
        for axes, (title, weights) in zip(grid, images.items(), strict=False):
            _draw_image(axes, title, weights)
        return finished(
            figure,
            name="weight-images",
            title="Weights and factors as images",
            alt=f"The linear weights and {factors.shape[1]} factors, each drawn as an image of the "
            "pixels that they belong to.",
            note="Light pixels are positive, dark ones negative, each image by its own largest. "
            "Pixels alike in a factor raise the score together; its sign alone says nothing.",
        )


def _draw_image(axes: Axes, title: str, weights: Float32Array) -> None:
    side = round(weights.size**0.5)
    limit = float(np.abs(weights).max()) or 1.0
    axes.imshow(weights.reshape(side, side), cmap=WEIGHT_COLOURS, vmin=-limit, vmax=limit)
    axes.set_title(title, fontsize=9)
