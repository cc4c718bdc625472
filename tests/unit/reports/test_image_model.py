"""The picture of a classifier of images."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from pairloom.reports.confusion import ConfusionMatrix
from pairloom.reports.image_model import (
    DOTS_PER_INCH,
    HEIGHT,
    LEFT,
    LEFT_WIDTH,
    LOWER_TOP,
    ImageModelReport,
    draw_image_model,
)
from pairloom.reports.palette import WEIGHT_COLOURS


def report(num_factors: int) -> ImageModelReport:
    random = np.random.default_rng(0)
    return ImageModelReport(
        title="Title",
        subtitle="subtitle",
        class_names=("other", "zero"),
        confusion=ConfusionMatrix(
            true_negatives=5, false_positives=1, false_negatives=2, true_positives=3
        ),
        rows_seen=[10 * step for step in range(1, 31)],
        losses=random.uniform(0.1, 0.7, 30).tolist(),
        linear_weights=np.linspace(-1, 1, 16),
        factors=random.normal(size=(16, num_factors)),
    )


@pytest.mark.parametrize("num_factors", [1, 10, 12])
def test_picture_has_its_size_at_any_number_of_factors(tmp_path: Path, num_factors: int) -> None:
    draw_image_model(report(num_factors), tmp_path / "picture.png")

    height, width, _ = imread(tmp_path / "picture.png").shape
    assert (width, height) == (1320, 942)


def test_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_image_model(report(3), tmp_path / name)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)

    draw_image_model(report(3), tmp_path / "picture.png")

    assert dict(mpl.rcParams) == before


def test_larger_weights_are_lighter_without_colour() -> None:
    colours = WEIGHT_COLOURS(np.linspace(0, 1, 64))[:, :3]
    lightness = colours @ np.array([0.2126, 0.7152, 0.0722])

    assert np.all(np.diff(lightness) > 0)


def test_weights_are_drawn_in_reading_order_of_the_image(tmp_path: Path) -> None:
    draw_image_model(report(3), tmp_path / "picture.png")

    picture = imread(tmp_path / "picture.png")[:, :, :3]
    assert picture.shape[0] == int(HEIGHT * DOTS_PER_INCH)
    tile = LEFT_WIDTH / 4
    shown = [
        picture[
            int((LOWER_TOP + (row + 0.5) * tile) * DOTS_PER_INCH),
            int((LEFT + (column + 0.5) * tile) * DOTS_PER_INCH),
        ].sum()
        for row in range(4)
        for column in range(4)
    ]
    assert shown == sorted(shown)
