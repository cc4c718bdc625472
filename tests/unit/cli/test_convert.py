"""`pairloom convert` in pieces; what is written of the same rows in memory is the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from pairloom.batch import RowBatch
from pairloom.cli import main
from pairloom.data import FileOptions, RowFiles
from pairloom.formats import read_recordio, write_libsvm, write_recordio
from pairloom.formats.arrow import csv_files
from small_pieces import read_small_pieces

TABLE = "label,age,city\n" + "".join(
    f"{row % 2},{row / 7 if row % 5 else ''},city {row % 23}\n" for row in range(700)
)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    read_small_pieces(monkeypatch, piece_bytes=500, block_bytes=500, fewest_rows=30)
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 2000)


@pytest.fixture(params=["csv", "csv.gz", "parquet", "pbr", "pbr.zst", "svm", "svm.gz", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"rows.{request.param}"
    (tmp_path / "table.csv").write_text(TABLE)
    if request.param == "folder":
        path.mkdir()
        lines = TABLE.splitlines(keepends=True)
        (path / "1.csv").write_text("label,age\n")  # and no row
        (path / "2.csv").write_text("".join(lines[:300]))
        (path / "3.csv").write_text("".join(lines[:1] + lines[300:]))
    elif request.param.startswith("csv"):
        with pyarrow.output_stream(path) as file:
            file.write(TABLE.encode())
    elif request.param == "parquet":
        pyarrow.parquet.write_table(pyarrow.csv.read_csv(tmp_path / "table.csv"), path)
    else:
        rows = RowFiles(FileOptions(), learns=True).read(tmp_path / "table.csv")
        (write_libsvm if "svm" in request.param else write_recordio)(path, rows)
    return path


@pytest.mark.parametrize("suffix", ["pbr", "pbr.gz", "pbr.zst", "svm", "svm.gz", "svm.zst"])
def test_the_bytes_written_are_those_of_the_rows_in_memory(
    source: Path, suffix: str, tmp_path: Path
) -> None:
    rows = RowFiles(FileOptions(), learns=True).read(source)
    expected, target = tmp_path / f"expected.{suffix}", tmp_path / f"target.{suffix}"
    (write_libsvm if "svm" in suffix else write_recordio)(expected, rows)
    assert main(["convert", str(source), str(target), "--quiet"]) == 0
    assert target.read_bytes() == expected.read_bytes()


def test_hashed_features_of_two_files_are_those_of_both_together(tmp_path: Path) -> None:
    lines = TABLE.splitlines(keepends=True)
    (tmp_path / "table.csv").write_text(TABLE)
    (tmp_path / "first.csv").write_text("".join(lines[:12]))  # which lacks cities of the second
    (tmp_path / "second.csv").write_text("".join(lines[:1] + lines[12:]))
    found = {}
    for name in ("table", "first", "second"):
        target = tmp_path / f"{name}.pbr"
        source = str(tmp_path / f"{name}.csv")
        assert main(["convert", source, str(target), "--hash-bits", "12", "--quiet"]) == 0
        found[name] = read_recordio(target)
    assert found["table"].feature_dim == 4096
    for name in ("feature_ids", "values", "labels"):
        parts = [getattr(found[each], name) for each in ("first", "second")]
        np.testing.assert_array_equal(np.concatenate(parts), getattr(found["table"], name))


def test_hash_bits_out_of_range_are_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing, target = str(tmp_path / "no.csv"), str(tmp_path / "target.pbr")
    assert main(["convert", missing, target, "--hash-bits", "31"]) == 2
    refused = "--hash-bits: '31' is refused; must be an integer from 1 to 30"
    assert refused in capsys.readouterr().err


def test_what_was_written_is_told(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.pbr"
    assert main(["convert", str(source), str(target)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == f"{target}: 700 sparse rows of width 24, with labels"
    assert len(said) == (2 if "svm" in source.name else 1)  # where ids count from, once


@pytest.mark.parametrize("bad", ["1,many,x\n", "1,2\n", "?,1,x\n", ",1,x\n", "0,inf,x\n"])
def test_a_bad_row_in_a_later_piece_leaves_no_target(
    bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text(TABLE + bad + TABLE.partition("\n")[2])
    target = tmp_path / "target.pbr"
    target.write_bytes(b"earlier")
    assert main(["convert", str(tmp_path / "rows.csv"), str(target)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"pairloom: {tmp_path / 'rows.csv'}: ")
    assert "line 702" in said or "row 700, column" in said
    assert target.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "target.pbr"]


def test_labels_are_joined_to_rows_in_pieces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.arange(900, dtype=np.float32).reshape(300, 3)
    labels = np.arange(300, dtype=np.float32)
    write_recordio(tmp_path / "bare.pbr", values)
    write_recordio(tmp_path / "expected.pbr", RowBatch(3, values=values, labels=labels))
    np.save(tmp_path / "labels.npy", labels)
    target = tmp_path / "target.pbr"
    run = ["convert", str(tmp_path / "bare.pbr"), str(target), "--quiet", "--labels"]
    assert main([*run, str(tmp_path / "labels.npy")]) == 0
    assert target.read_bytes() == (tmp_path / "expected.pbr").read_bytes()
    np.save(tmp_path / "labels.npy", labels[1:])
    assert main([*run, str(tmp_path / "labels.npy")]) == 2
    assert "299 labels; expected one for each of the 300 rows" in capsys.readouterr().err


def test_weights_of_pieces_are_written_under_their_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text(TABLE.replace(",,", ",2.5,"))
    run = ["convert", str(tmp_path / "rows.csv"), "--quiet", "--weight-feature", "age"]
    assert main([*run, str(tmp_path / "rows.pbr")]) == 0
    rows = read_recordio(tmp_path / "rows.pbr", weight_feature="age")
    assert rows.weights is not None
    assert rows.weights[:3].tolist() == pytest.approx([2.5, 1 / 7, 2 / 7])
    assert main([*run, str(tmp_path / "rows.svm")]) == 2
    assert "libsvm text cannot hold row weights; write a .npz instead" in capsys.readouterr().err


def test_a_file_can_be_converted_in_its_own_place(tmp_path: Path) -> None:
    path = tmp_path / "rows.pbr"
    write_recordio(path, np.eye(300, 5, dtype=np.float32), np.ones(300))
    before = path.read_bytes()
    assert main(["convert", str(path), str(path), "--quiet"]) == 0
    assert path.read_bytes() != before  # float64 labels became float32
    assert read_recordio(path).num_rows == 300
