"""The report of a run, as the command line writes it and Chromium shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pairloom.reports.scored_rows import read_scored_rows
from unit.reports.trained_runs import HOSTILE_NAMES, train_classifier, train_regressor

CLASSIFIER_HEADINGS = [
    "Learning curves", "ROC", "Precision and recall", "Calibration", "Confusion matrix",
    "Strongest linear weights", "Strongest interactions", "Factor similarity",
]  # fmt: skip
REGRESSOR_HEADINGS = [
    "Learning curves", "Predicted and actual", "Residuals", "Strongest linear weights",
    "Strongest interactions", "Factor similarity",
]  # fmt: skip
DECODED = """images => Promise.all(images.map(async image => {
  await image.decode();
  return [image.naturalWidth, image.naturalHeight, image.clientWidth, image.alt.length];
}))"""
# The share of dark pixels of each picture, as the browser has painted it.
SHARES_OF_DARK = """images => images.map(image => {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 300) dark += 1;
  return dark / (canvas.width * canvas.height);
})"""


@dataclass
class Visit:
    """An open page, and what the browser did and said on the way."""

    page: Page
    run: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def table(self, name: str) -> dict[str, list[str]]:
        """Return the cells of a table by the heading of their line."""
        lines = self.page.locator(f"#table-{name} tbody tr").evaluate_all(
            "lines => lines.map(line => [...line.children].map(cell => cell.textContent))"
        )
        return {line[0]: line[1:] for line in lines}


def reported(run: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "pairloom", "report", run],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{run / 'report' / 'report.html'}\n"
    return run


def visit(browser: Browser, run: Path) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    visited = Visit(page, run)
    page.on("request", lambda request: visited.requests.append(request.url))
    page.on("console", lambda message: visited.complaints.append(message.text))
    page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    page.on("dialog", lambda dialog: visited.complaints.append(dialog.message))
    page.goto((run / "report" / "report.html").as_uri(), wait_until="load")
    yield visited
    page.close()


@pytest.fixture(scope="module")
def classifier(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    run = train_classifier(tmp_path_factory.mktemp("classifier") / "run", HOSTILE_NAMES)
    yield from visit(browser, reported(run))


@pytest.fixture(scope="module")
def regressor(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    run = train_regressor(tmp_path_factory.mktemp("regressor") / "run")
    yield from visit(browser, reported(run))


@pytest.fixture(params=["classifier", "regressor"])
def either(request: pytest.FixtureRequest) -> Visit:
    visited: Visit = request.getfixturevalue(request.param)
    return visited


def test_page_asks_for_nothing_and_complains_of_nothing(either: Visit) -> None:
    either.page.wait_for_load_state("networkidle")

    assert either.requests == [(either.run / "report" / "report.html").as_uri()]
    assert either.complaints == []


def test_every_picture_is_decoded_and_has_a_size_and_a_text(either: Visit) -> None:
    images = either.page.locator("img").evaluate_all(DECODED)

    assert len(images) in {len(CLASSIFIER_HEADINGS), len(REGRESSOR_HEADINGS)}
    for natural_width, natural_height, shown_width, alt_length in images:
        assert min(natural_width, natural_height, shown_width) > 100
        assert alt_length > 20


def test_pictures_are_not_blank(either: Visit) -> None:
    assert min(either.page.locator("img").evaluate_all(SHARES_OF_DARK)) > 0.002


def test_page_is_told_by_its_title_landmarks_and_headings(either: Visit) -> None:
    page = either.page

    assert page.title().startswith("Pairloom report: ")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("navigation").count() == 1
    assert page.get_by_role("main").count() == 1
    levels = page.locator("h1, h2, h3").evaluate_all(
        "headings => headings.map(heading => Number(heading.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = page.locator("[id]").evaluate_all("tags => tags.map(tag => tag.id)")
    assert len(set(ids)) == len(ids)
    targets = page.locator("nav a").evaluate_all("links => links.map(link => link.hash)")
    assert len(targets) > 3
    assert {target.removeprefix("#") for target in targets} <= set(ids)


def test_keyboard_goes_to_the_content_and_along_the_tables(either: Visit) -> None:
    page = either.page

    page.locator("body").press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_url("**/report.html#content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


def test_page_is_not_wider_than_a_small_window(either: Visit) -> None:
    either.page.set_viewport_size({"width": 400, "height": 800})

    width = either.page.evaluate("document.documentElement.scrollWidth")

    either.page.set_viewport_size({"width": 1000, "height": 800})
    assert width <= 400


def test_pictures_are_those_of_the_kind_of_model(classifier: Visit, regressor: Visit) -> None:
    assert classifier.page.locator("figure h3").all_inner_texts() == CLASSIFIER_HEADINGS
    assert regressor.page.locator("figure h3").all_inner_texts() == REGRESSOR_HEADINGS


def test_tables_hold_what_the_run_measured(either: Visit) -> None:
    measured = json.loads((either.run / "metrics.json").read_text())
    best = measured["history"][measured["best_epoch"]]
    parts = (best["train"], best["validation"], measured["test"])

    metrics = either.table("metrics")

    assert set(metrics) == set().union(*parts)
    for name, cells in metrics.items():
        for part, cell in zip(parts, cells, strict=True):
            expected = pytest.approx(part[name], rel=1e-5) if name in part else None
            assert (None if cell == "none" else float(cell)) == expected
    run = either.table("run")
    assert (run["features"], run["factors"], run["training rows"]) == (["6"], ["3"], ["400"])
    assert (run["validation rows"], run["test rows"]) == (["150"], ["1,200"])
    settings = either.table("hyperparameters")
    assert (settings["mini_batch_size"], settings["factors_lr"]) == (["20"], ["0.02"])
    assert either.table("timing") == {"training": ["1.250"]}


def test_confusion_and_calibration_count_the_test_rows(classifier: Visit) -> None:
    rows = read_scored_rows(classifier.run / "scores.npz")["test"]
    predicted = rows.scores >= 0

    confusion = classifier.table("confusion")

    for label, cells in ((0, confusion["actual 0"]), (1, confusion["actual 1"])):
        counts = [int(cell.replace(",", "")) for cell in cells]
        of_label = predicted[rows.labels == label]
        assert counts == [int((~of_label).sum()), int(of_label.sum())]
    bins = classifier.table("calibration")
    assert sum(int(cells[0].replace(",", "")) for cells in bins.values()) == 1200


def test_hostile_names_are_shown_and_not_run(classifier: Visit) -> None:
    assert set(HOSTILE_NAMES[:4]) <= set(classifier.table("linear-weights"))
    assert classifier.page.locator("script").count() == 0
    assert classifier.page.locator("img[onerror]").count() == 0
