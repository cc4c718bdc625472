"""The report of a run: complete, the same each time, safe with any name, readable in grey."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from pairloom.errors import UserError
from pairloom.model import Model
from pairloom.reports.pictures.images import draw_weight_images
from pairloom.reports.pictures.parameters import draw_linear_weights
from pairloom.reports.pictures.picture import LINES, Picture
from pairloom.reports.readable_names import readable_name
from pairloom.reports.report import write_report
from pairloom.reports.scored_rows import ScoredRows, write_scored_rows
from pairloom.reports.strongest import NamedNumber, feature_name
from unit.reports.trained_runs import HOSTILE_NAMES, train_classifier, train_regressor

OF_ANY_MODEL = {"learning-curves", "linear-weights", "interactions", "factor-similarity"}
OF_A_CLASSIFIER = OF_ANY_MODEL | {"roc", "precision-recall", "calibration", "confusion"}
OF_A_REGRESSOR = OF_ANY_MODEL | {"predicted-actual", "residuals"}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_classifier(tmp_path_factory.mktemp("classifier") / "run", HOSTILE_NAMES)


@pytest.fixture(scope="module")
def regressor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_regressor(tmp_path_factory.mktemp("regressor") / "run")


@pytest.fixture(scope="module")
def classifier_page(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report on the classifier for all tests that only read it."""
    return write_report(classifier, tmp_path_factory.mktemp("page") / "out")


@pytest.fixture(scope="module")
def regressor_page(regressor: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(regressor, tmp_path_factory.mktemp("page") / "out")


@pytest.fixture
def model_alone(regressor: Path, tmp_path: Path) -> Path:
    """Folder of a model without measurements, whose report is the quickest."""
    (tmp_path / "run").mkdir()
    shutil.copy(regressor / "model.pairloom", tmp_path / "run")
    return tmp_path / "run"


class Page(HTMLParser):
    """Collects the names of tags, attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def pictures_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.png")}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("classifier_page", OF_A_CLASSIFIER), ("regressor_page", OF_A_REGRESSOR)],
)
def test_report_has_every_picture_in_the_page_and_beside_it(
    kind: str, expected: set[str], request: pytest.FixtureRequest
) -> None:
    page: Path = request.getfixturevalue(kind)

    assert (page.parent.name, page.name) == ("out", "report.html")
    assert pictures_in(page.parent) == expected
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r'<figure id="picture-([a-z-]+)"', text)) == expected
    for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text):
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")


def test_same_run_gives_the_same_bytes_whatever_the_users_settings(
    classifier: Path, classifier_page: Path, tmp_path: Path
) -> None:
    with mpl.rc_context({"font.size": 20, "lines.linewidth": 5, "svg.hashsalt": None}):
        before = dict(mpl.rcParams)
        write_report(classifier, tmp_path / "b")
        assert dict(mpl.rcParams) == before

    for path in classifier_page.parent.iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_report_is_in_the_runs_folder_and_replaces_only_a_report(model_alone: Path) -> None:
    page = write_report(model_alone)
    (page.parent / "old.png").write_bytes(b"")
    again = write_report(model_alone)

    assert page == again == model_alone / "report" / "report.html"
    assert not (page.parent / "old.png").exists()
    (page.parent / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and holds no report"):
        write_report(model_alone)


def test_hostile_names_stay_text(classifier_page: Path) -> None:
    text = classifier_page.read_text(encoding="utf-8")
    page = Page(text)

    assert "script" not in page.tags
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert {value for name, value in page.attributes if name == "src" and "data:" not in value} == (
        set()
    )
    for name in HOSTILE_NAMES[:4]:
        assert name in page.texts
    assert "turned\\u{202e}round\\u{a}line\\u{0}" in page.texts
    assert "http:" not in re.sub(r'src="data:[^"]*"', "", text)


def test_unprintable_signs_are_shown_as_their_codes() -> None:
    assert readable_name("a\u202e\ud800\x1b[0mb") == "a\\u{202e}\\u{d800}\\u{1b}[0mb"
    assert readable_name("e\u0301 价 x") == "é 价 x"


def test_model_alone_is_reported_without_measurements(model_alone: Path) -> None:
    page = write_report(model_alone)

    assert pictures_in(page.parent) == OF_ANY_MODEL - {"learning-curves"}
    assert "The run kept no scored rows" in page.read_text(encoding="utf-8")


def test_rows_of_one_label_have_no_ranking_pictures(classifier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(classifier, folder)
    rows = ScoredRows(np.zeros(3, np.float32), np.array([-1, 0, 9], np.float32))
    write_scored_rows(folder / "scores.npz", {"test": rows})

    page = write_report(folder)

    assert pictures_in(page.parent) == OF_A_CLASSIFIER - {"roc", "precision-recall"}
    assert "All test rows have one label" in page.read_text(encoding="utf-8")


def test_constant_labels_and_one_row_are_drawn(regressor: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(regressor, folder)
    rows = ScoredRows(np.full(1, 3, np.float32), np.full(1, 2, np.float32))
    write_scored_rows(folder / "scores.npz", {"test": rows})

    assert pictures_in(write_report(folder).parent) == OF_A_REGRESSOR


def test_metrics_that_are_not_finite_are_gaps(classifier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(classifier, folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["history"][1]["validation"]["binary_classification_cross_entropy"] = None
    metrics["test"]["auc"] = None
    (folder / "metrics.json").write_text(json.dumps(metrics))

    text = write_report(folder).read_text(encoding="utf-8")

    assert re.search(r'<th scope="row">2</th><td>[\d.]+</td><td>none</td>', text)


def test_features_without_names_are_called_by_their_ids(regressor: Path) -> None:
    assert feature_name(Model.load(regressor / "model.pairloom"), 4) == "feature 4"


def test_more_pictures_of_the_model_are_taken_in(model_alone: Path) -> None:
    def images(model: Model) -> Picture:
        return draw_weight_images(
            linear_weights=np.linspace(-1, 1, 16, dtype=np.float32),
            factors=np.resize(model.factors, (16, 3)),
        )

    page = write_report(model_alone, more_pictures=[images])

    assert "weight-images" in pictures_in(page.parent)


# --- Without colour ----------------------------------------------------------------------------


def grey(picture: Picture, path: Path) -> np.ndarray:
    path.write_bytes(picture.png)
    return np.asarray(imread(path)[:, :, :3] @ np.array([0.2126, 0.7152, 0.0722]))


def test_lines_differ_without_colour() -> None:
    for what in ("linestyle", "marker"):
        assert len({line[what] for line in LINES}) == len(LINES)


def test_bars_that_raise_and_lower_differ_in_grey(tmp_path: Path) -> None:
    def inside(value: float) -> np.ndarray:
        shown = grey(draw_linear_weights([NamedNumber(("a",), value)] * 12), tmp_path / "bars.png")
        height, width = shown.shape
        return shown[height // 4 : height // 2, width // 3 : 2 * width // 3]

    raising, lowering = inside(1.0), inside(-1.0)
    # The ground of the bars, which most of the pixels are.
    assert np.median(lowering) - np.median(raising) > 0.2
    # Hatching: dark pixels in more than the bars' outlines.
    assert np.mean(lowering < 0.6) > 1.3 * np.mean(raising < 0.6)
