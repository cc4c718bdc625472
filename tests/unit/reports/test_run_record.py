"""A run's folder is read with care: anyone may have written what is in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairloom.errors import DataFormatError, UserError
from pairloom.reports.run_record import read_run
from pairloom.reports.scored_rows import ScoredRows, write_scored_rows
from unit.reports.trained_runs import train_classifier


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_classifier(tmp_path_factory.mktemp("run") / "run")


def test_record_says_what_training_wrote(trained: Path) -> None:
    run = read_run(trained)

    written = json.loads((trained / "metrics.json").read_text())
    assert [event.train for event in run.history] == [
        epoch["train"] for epoch in written["history"]
    ]
    assert run.test == written["test"]
    assert run.best_epoch == written["best_epoch"]
    assert run.seconds == {"training": 1.25}
    assert [len(rows.labels) for rows in run.scored.values()] == [150, 1200]


def test_model_alone_is_a_run_without_measurements(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "model.pairloom", tmp_path)

    run = read_run(tmp_path)

    assert (run.history, run.test, run.scored) == ((), {}, {})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"history": 3}, "history is 3; expected a list of epochs"),
        ({"history": [7]}, r"history\[0\] is 7; expected an object"),
        ({"history": [{"train": {"mse": "<b>"}}]}, r"history\[0\]\.train\.mse is '<b>'"),
        ({"history": [{"rows": -1}]}, r"history\[0\]\.rows is -1; expected a count"),
        ({"history": [{"seconds": "long"}]}, r"history\[0\]\.seconds is 'long'"),
        ({"best_epoch": 3}, "best_epoch is 3; expected an epoch, 0 to 2"),
        ({"best_epoch": True}, "best_epoch is True"),
        ({"test": []}, r"test is \[\]; expected an object of numbers"),
        ({"seconds": {"reading": []}}, r"seconds\.reading is \[\]"),
    ],
)
def test_broken_measurements_are_refused_by_place(
    trained: Path, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | changed))

    with pytest.raises(DataFormatError, match=rf"metrics\.json: {said}"):
        read_run(folder)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[]", "\udcff"])
def test_what_is_no_json_object_is_refused(trained: Path, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "metrics.json").write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(DataFormatError, match=r"metrics\.json"):
        read_run(folder)


def test_labels_that_do_not_suit_the_model_are_refused(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    rows = ScoredRows(np.array([0, 2.5], np.float32), np.zeros(2, np.float32))
    write_scored_rows(folder / "scores.npz", {"test": rows})

    with pytest.raises(DataFormatError, match=r"scores\.npz: test rows: .*2\.5"):
        read_run(folder)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder"):
        read_run(tmp_path / "missing")
    with pytest.raises(UserError, match=r"holds no model\.pairloom"):
        read_run(tmp_path)
