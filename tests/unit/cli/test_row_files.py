"""How the program finds out what a file is, and keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from pairloom.batch import RowBatch
from pairloom.cli import main
from pairloom.formats import read_libsvm, read_recordio, write_libsvm, write_recordio
from pairloom.formats.array_files import read_array_file
from pairloom.formats.table_encoding import hash_batch
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


CSV = "city,age,user,label\n" + "Paris,1,7,1\nRome,2,8,0\n" * 20
TABLE_SHAPE = ["--num-factors", "2", "--predictor-type", "binary_classifier"]
LEARNS = [*TABLE_SHAPE, "--epochs", "40", "--linear-lr", "0.1", "--quiet"]


def predicted(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> list[float]:
    assert main(["predict", "--model", str(model), "--data", str(data), "--quiet"]) == 0
    return [json.loads(line)["score"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("output", ["run", "model.tar.gz"])
def test_csv_is_trained_on_and_predicted_with_the_same_features(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    model = tmp_path / output
    train = ["train", "--train", str(tmp_path / "train.csv"), "--output", str(model)]
    assert main([*train, *LEARNS, "--categorical", "user", "--untrained-features", "zero"]) == 0
    # Other columns first, a label that is not looked at, values that are new.
    (tmp_path / "later.csv").write_text("extra,user,age,city\nx,8,2,Rome\ny,7,1,Paris\nz,9,,Oslo\n")
    later = predicted(model, tmp_path / "later.csv", capsys)
    assert later[:2] == predicted(model, tmp_path / "train.csv", capsys)[1::-1]
    file = model if model.is_file() else next(model.glob("model.*"))
    loaded = Model.load(file)
    assert list(loaded.feature_names or ()) == [
        "city=Paris",
        "city=Rome",
        "age",
        "user=7",
        "user=8",
    ]
    assert loaded.fields is not None
    assert loaded.fields.tolist() == [0, 0, 1, 2, 2]
    bias_alone = 1 / (1 + np.exp(-loaded.bias))
    assert later[2] == pytest.approx(bias_alone, rel=1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
def test_every_table_trains_the_same_model(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    table = pyarrow.csv.read_csv(tmp_path / "train.csv")
    if suffix == ".parquet":
        pyarrow.parquet.write_table(table, tmp_path / "train.parquet")
    elif suffix == ".feather":
        pyarrow.feather.write_feather(table, tmp_path / "train.feather")
    train = [
        "train",
        "--train",
        str(tmp_path / f"train{suffix}"),
        "--test",
        str(tmp_path / "train.csv"),
    ]
    assert main([*train, "--output", str(tmp_path / "run"), *LEARNS, "--categorical", "user"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["test", "binary_classification_accuracy", "1"]
    assert predicted(tmp_path / "run", tmp_path / f"train{suffix}", capsys) == predicted(
        tmp_path / "run", tmp_path / "train.csv", capsys
    )


def test_hashed_columns_and_ids_are_predicted_by_the_same_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    (tmp_path / "train.svm").write_text("1 5:1 12345678901234:2\n-1 7:1 98765432109876:1\n" * 20)
    (tmp_path / "later.svm").write_text("1 7:1 98765432109876:1\n")
    for suffix in ("csv", "svm"):
        run = ["train", "--train", str(tmp_path / f"train.{suffix}"), "--hash-bits", "12"]
        assert main([*run, "--output", str(tmp_path / suffix), *LEARNS]) == 0
        assert Model.load(next((tmp_path / suffix).glob("model.*"))).feature_dim == 4096
    scores = predicted(tmp_path / "csv", tmp_path / "train.csv", capsys)
    assert scores[0] > 0.6 > 0.4 > scores[1]
    first = predicted(tmp_path / "svm", tmp_path / "train.svm", capsys)
    assert first[0] > 0.6 > 0.4 > first[1]
    assert predicted(tmp_path / "svm", tmp_path / "later.svm", capsys) == [first[1]]


def test_hashed_keys_of_recordio_equal_those_of_libsvm_text(tmp_path: Path) -> None:
    ids = np.array([5, 2_000_000_000, 7, 1_999_999_999], np.int64)
    batch = RowBatch(
        2**31 - 1,
        row_offsets=np.array([0, 2, 4]),
        feature_ids=ids,
        values=np.array([1, 2, 3, 4], np.float32),
        labels=np.array([1, 0], np.float32),
    )
    write_recordio(tmp_path / "rows.pbr", batch)
    write_libsvm(tmp_path / "rows.svm", batch)
    hashed = read_recordio(tmp_path / "rows.pbr", hash_bits=10)
    again = hash_batch(read_libsvm(tmp_path / "rows.svm", zero_based=False), 10)
    for name in ("row_offsets", "feature_ids", "values", "labels"):
        np.testing.assert_array_equal(getattr(hashed, name), getattr(again, name))
    assert hashed.feature_dim == again.feature_dim == 1024


def test_model_of_ids_refuses_columns(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["train", "--train", str(rows), "--output", str(tmp_path / "run")]
    assert main([*run, *SHAPE, "--quiet"]) == 0
    (tmp_path / "later.csv").write_text(CSV)
    predict = ["predict", "--model", str(tmp_path / "run"), "--data", str(tmp_path / "later.csv")]
    assert main(predict) == 2
    assert "CSV has columns; the model was trained on rows of ids" in capsys.readouterr().err


def test_ids_begin_where_they_did_in_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.svm").write_text("1 0:1\n0 1:1\n" * 20)
    (tmp_path / "later.svm").write_text("0 1:1\n")  # no id 0 here
    run = ["train", "--train", str(tmp_path / "train.svm"), "--output", str(tmp_path / "run")]
    assert main([*run, *LEARNS]) == 0
    trained = predicted(tmp_path / "run", tmp_path / "train.svm", capsys)
    assert predicted(tmp_path / "run", tmp_path / "later.svm", capsys) == [trained[1]]


def test_going_on_from_a_model_keeps_its_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    (tmp_path / "more.csv").write_text("age,city,label\n1,Oslo,0\n2,Rome,1\n")
    first = ["train", "--train", str(tmp_path / "train.csv"), "--output", str(tmp_path / "first")]
    assert main([*first, *LEARNS]) == 0
    more = ["train", "--train", str(tmp_path / "more.csv"), "--start-from", str(tmp_path / "first")]
    assert main([*more, "--output", str(tmp_path / "second"), *LEARNS]) == 2
    assert "no column user; it has age, city, label" in capsys.readouterr().err
    (tmp_path / "more.csv").write_text("user,age,city,label\n7,1,Oslo,0\n8,2,Rome,1\n")
    assert main([*more, "--output", str(tmp_path / "second"), *LEARNS]) == 0
    names = [
        list(Model.load(next((tmp_path / run).glob("model.*"))).feature_names or ())
        for run in ("first", "second")
    ]
    assert names[0] == names[1]


def test_table_without_its_labels_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    train = ["train", "--train", str(tmp_path / "train.csv"), "--output", str(tmp_path / "run")]
    assert main([*train, *TABLE_SHAPE]) == 2
    assert "no label column label; it has a, b" in capsys.readouterr().err
    assert main([*train, *TABLE_SHAPE, "--label", "b"]) == 2
    assert "row 0 has the label 2; expected 0 or 1 (or -1 or 1)" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path / "train.csv")]) == 0
    assert "width     2" in capsys.readouterr().out
