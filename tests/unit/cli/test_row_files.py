"""How the program finds out what a file is, and keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pairloom.cli import main
from pairloom.formats import read_recordio
from pairloom.formats.array_files import read_array_file
from pairloom.model import Model

SHAPE = ["--feature-dim", "3", "--num-factors", "2", "--predictor-type", "binary_classifier"]
ROWS = "-1 1:1 3:0.5\n+1 2:1\n" * 20


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.svm"
    path.write_text(ROWS)
    return path


def test_libsvm_text_is_trained_on_evaluated_and_predicted(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    train = ["--train", str(rows), "--validation", str(rows), "--output", str(model)]
    assert main(["train", *train, *SHAPE, "--epochs", "40", "--linear-lr", "0.1"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"{rows}: feature ids count from 1"
    assert said[1] == f"{rows}: labels -1 and 1 are taken as 0 and 1"
    assert main(["evaluate", "--model", str(model), "--data", str(rows), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows"] == 40
    assert report["metrics"]["binary_classification_accuracy"] == 1
    assert main(["predict", "--model", str(model), "--data", str(rows), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["predicted_label"] for line in out.splitlines()] == [0, 1] * 20
    assert err == ""


def test_first_file_says_where_ids_begin_for_all_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.svm").write_text("1 0:1\n0 1:1\n" * 9)
    (tmp_path / "test.svm").write_text("1 2:1\n0 1:1\n")  # no id 0 here
    run = ["train", "--train", str(tmp_path / "train.svm"), "--test", str(tmp_path / "test.svm")]
    assert main([*run, "--output", str(tmp_path / "run"), *SHAPE]) == 0
    assert capsys.readouterr().err.count("feature ids count from 0") == 1
    (tmp_path / "test.svm").write_text("1 3:1\n0 1:1\n")
    assert main([*run, "--output", str(tmp_path / "again"), *SHAPE]) == 2
    assert "feature id 3; expected 0 to 2" in capsys.readouterr().err


def test_options_overrule_suffix_and_first_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.data").write_text("1 1:1\n0 2:1\n")
    source, target = str(tmp_path / "rows.data"), str(tmp_path / "rows.npz")
    assert main(["convert", source, target]) == 2
    assert "rows.data: byte 0" in capsys.readouterr().err
    assert main(["convert", source, target, "--format", "libsvm", "--zero-based", "true"]) == 0
    batch = read_array_file(Path(target))
    assert batch.feature_ids is not None
    assert batch.feature_ids.tolist() == [1, 2]
    assert batch.feature_dim == 3


def test_convert_writes_libsvm_text_and_back(rows: Path, tmp_path: Path) -> None:
    assert main(["convert", str(rows), str(tmp_path / "rows.pbr"), "--quiet"]) == 0
    assert main(["convert", str(tmp_path / "rows.pbr"), str(tmp_path / "again.txt")]) == 0
    batch = read_recordio(tmp_path / "rows.pbr")
    assert batch.feature_dim == 3
    assert (tmp_path / "again.txt").read_text() == ROWS.replace("+1", "1")


def test_convert_raises_when_libsvm_text_would_lack_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "rows.npy", np.eye(3))
    assert main(["convert", str(tmp_path / "rows.npy"), str(tmp_path / "rows.libsvm")]) == 2
    assert "libsvm text needs a label for each row; add --labels" in capsys.readouterr().err


def test_folder_of_mixed_formats_is_refused(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.svm").write_text(ROWS)
    np.save(tmp_path / "folder/b.npy", np.eye(3))
    assert main(["inspect", str(tmp_path / "folder")]) == 2
    assert "holds files of several formats, libsvm and numpy" in capsys.readouterr().err
    (tmp_path / "folder/a.svm").unlink()
    assert main(["inspect", str(tmp_path / "folder")]) == 2
    assert "a folder of NumPy files cannot be read" in capsys.readouterr().err


def test_folder_of_libsvm_text_trains_the_same_model_as_one_file(
    rows: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("a.svm", "b.svm"):
        (tmp_path / "folder" / name).write_text(ROWS[: len(ROWS) // 2])
    for source, output in ((rows, "one"), (tmp_path / "folder", "several")):
        run = ["train", "--train", str(source), "--output", str(tmp_path / output)]
        assert main([*run, *SHAPE, "--quiet"]) == 0
    one, several = (
        Model.load(next((tmp_path / name).glob("model.*"))) for name in ("one", "several")
    )
    np.testing.assert_array_equal(one.factors, several.factors)
