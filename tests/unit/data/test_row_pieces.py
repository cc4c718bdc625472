"""Rows in pieces; the same rows read into memory at once are the oracle."""

from __future__ import annotations

import dataclasses
import gzip
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import scipy.sparse
from backports import zstd

from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowFiles
from pairloom.data.joined_rows import join_rows
from pairloom.data.row_pieces import RowPieces, row_pieces
from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats import write_libsvm, write_recordio
from pairloom.formats.arrow import csv_files
from pairloom.formats.feature_encoding import FeatureEncoding
from small_pieces import read_small_pieces

ARRAYS = ("row_offsets", "feature_ids", "values", "labels", "weights")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    read_small_pieces(monkeypatch, piece_bytes=100, block_bytes=300, fewest_rows=7)


def pieces_of(source: Path, hash_bits: int | None = None, **options: Any) -> RowPieces:
    pieces = row_pieces(source, FileOptions(weights_required=False, **options), hash_bits)
    assert pieces is not None
    return pieces


def check_same_rows(
    source: Path, *, hash_bits: int | None = None, **options: Any
) -> list[RowBatch]:
    """Compare the rows in pieces, joined, with those read at once, array by array."""
    files = RowFiles(
        FileOptions(weights_required=False, **options),
        FeatureEncoding(hash_bits=hash_bits),
        learns=True,
    )
    at_once = files.read(source)
    pieces = pieces_of(source, hash_bits, **options)
    told = RowPieces.of_batch(at_once)
    for fact in ("num_rows", "feature_dim", "is_dense", "has_labels", "has_weights"):
        assert getattr(pieces, fact) == getattr(told, fact), fact
    for batches in ([*pieces.read()], [*pieces.read()]):
        joined = join_rows(batches)
        for name in ARRAYS:
            expected = getattr(at_once, name)
            if name == "values" and expected is None and joined.values is not None:
                assert (joined.values == 1).all()
            else:
                np.testing.assert_array_equal(getattr(joined, name), expected, name)
        assert {batch.is_dense for batch in batches} == {at_once.is_dense}
        assert {batch.feature_dim for batch in batches} == {at_once.feature_dim}
    return [batch for batch in pieces.read() if batch.num_rows]


def drawn_table(num_rows: int, seed: int) -> str:
    draw = random.Random(seed)
    lines = ["label,age,city,note"]
    for row in range(num_rows):
        age = draw.choice(["", "NA", "0", str(round(draw.gauss(40, 10), 3))])
        city = draw.choice(["Köln", "Paris", "", f'"a ""{row % 50}"",\nb"'])
        lines.append(f"{draw.choice([0, 1])},{age},{city},{draw.randrange(900)}")
    return "\n".join(lines) + "\n"


def drawn_rows(num_rows: int, seed: int) -> RowBatch:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(0, 6, num_rows)
    ids = [np.sort(draw.choice(40, length, replace=False)) for length in lengths]
    return RowBatch(
        40,
        row_offsets=np.concatenate(([0], np.cumsum(lengths))),
        feature_ids=np.concatenate(ids).astype(np.int32),
        values=draw.normal(size=lengths.sum()).astype(np.float32),
        labels=draw.integers(0, 2, num_rows).astype(np.float32),
        weights=draw.random(num_rows).astype(np.float32),
    )


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("seed", range(4))
def test_csv_in_pieces_has_the_rows_of_csv_at_once(
    seed: int, wrapping: str, tmp_path: Path
) -> None:
    path = tmp_path / f"rows.csv{wrapping}"
    path.write_bytes(WRAPPINGS[wrapping](drawn_table(200, seed).encode()))
    assert len(check_same_rows(path)) > 5
    check_same_rows(path, categorical=("note", "label"), label="note")
    assert len(check_same_rows(path, weight_feature="note")) > 5


def test_columns_of_numbers_alone_are_dense_in_pieces_too(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,label\n" + "".join(f"{i},{i % 2}\n" for i in range(500)))
    assert len(check_same_rows(tmp_path / "rows.csv")) > 5
    (tmp_path / "plain.csv").write_text("".join(f"{i % 2},{i}\n" for i in range(500)))
    check_same_rows(tmp_path / "plain.csv", header=False)


@pytest.mark.parametrize("hash_bits", [4, 12])
@pytest.mark.parametrize("kind", ["csv", "numbers.csv", "parquet", "pbr", "dense.pbr", "svm"])
def test_hashed_rows_in_pieces_are_those_at_once(kind: str, hash_bits: int, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{kind}"
    if kind == "csv":
        path.write_text(drawn_table(200, 5))
    elif kind == "parquet":
        (tmp_path / "table.csv").write_text(drawn_table(200, 5))
        pyarrow.parquet.write_table(pyarrow.csv.read_csv(tmp_path / "table.csv"), path)
    elif kind == "numbers.csv":
        path.write_text("a,b,label\n" + "".join(f"{i},{i % 3},{i % 2}\n" for i in range(500)))
    elif kind == "dense.pbr":
        values = np.random.default_rng(0).normal(size=(60, 20)).astype(np.float32)
        write_recordio(path, values, np.arange(60) % 2)
    elif kind == "pbr":
        write_recordio(path, dataclasses.replace(drawn_rows(200, 5), weights=None))
    else:
        write_libsvm(path, dataclasses.replace(drawn_rows(200, 5), weights=None))
    assert len(check_same_rows(path, hash_bits=hash_bits)) > 5


def test_a_row_larger_than_a_block_is_read_whole_and_once(tmp_path: Path) -> None:
    lines = [f"{i % 2},{'x' * (900 if i in (60, 90) else i % 9)}" for i in range(120)]
    (tmp_path / "rows.csv").write_text("label,text\n" + "\n".join(lines))
    check_same_rows(tmp_path / "rows.csv")


def test_kinds_are_told_by_as_much_of_csv_as_in_memory(tmp_path: Path) -> None:
    rows = [f"{i % 2},{i}" for i in range(300)] + ["1,many"]
    (tmp_path / "rows.csv").write_text("label,number\n" + "\n".join(rows) + "\n")
    check_same_rows(tmp_path / "rows.csv")  # of text, for the last of its values


def test_parquet_in_pieces_has_the_rows_of_parquet_at_once(tmp_path: Path) -> None:
    draw = random.Random(5)
    table = pa.table(
        {
            "label": [draw.randrange(2) for _ in range(300)],
            "price": pa.array([draw.choice([None, 1.5, 0.0, 3.0]) for _ in range(300)]),
            "tags": [draw.choices(["a", "b", "c", ""], k=draw.randrange(4)) for _ in range(300)],
            "ids": [draw.choice([None, [1, 1, 2], []]) for _ in range(300)],
            "city": pa.array(
                [draw.choice(["Rome", "Oslo", None]) for _ in range(300)]
            ).dictionary_encode(),
            "user": [draw.randrange(40) for _ in range(300)],
            "none": pa.nulls(300),
        }
    )
    for rows_of_a_group in (300, 11):
        path = tmp_path / f"{rows_of_a_group}.parquet"
        pa.parquet.write_table(table, path, row_group_size=rows_of_a_group)
        assert len(check_same_rows(path, categorical=("user",))) > 5
        check_same_rows(path, weight_feature="user")


def test_files_of_a_table_are_joined_as_at_once(tmp_path: Path) -> None:
    pa.parquet.write_table(
        pa.table({"a": pa.array([1, 2], pa.int8()), "c": ["x", "y"], "d": [None, None]}),
        tmp_path / "1.parquet",
    )
    empty = pa.table({"a": pa.array([], pa.float64()), "e": pa.array([], pa.bool_())})
    pa.parquet.write_table(empty, tmp_path / "2.parquet")
    pa.parquet.write_table(
        pa.table({"e": [True, False], "d": ["p", "q"], "label": [1.5, 2]}),
        tmp_path / "3.parquet",
    )
    with pytest.raises(DataError, match=r"row 0, column label: the label is missing"):
        check_same_rows(tmp_path)
    (tmp_path / "1.parquet").unlink()
    check_same_rows(tmp_path)


def test_csv_files_with_and_without_rows_are_joined_as_at_once(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("b,label\n")
    (tmp_path / "2.csv").write_text(drawn_table(40, 1).replace("age,city,note", "b,text,a"))
    (tmp_path / "3.csv").write_text("label,text,new\n0,Rome,7\n")
    check_same_rows(tmp_path)
    (tmp_path / "3.csv").write_text("label,b\n0,Rome\n")
    with pytest.raises(DataError) as at_once:
        RowFiles(FileOptions(), learns=True).read(tmp_path)
    with pytest.raises(DataError, match="the files have different columns") as in_pieces:
        pieces_of(tmp_path)
    assert str(in_pieces.value) == str(at_once.value)


def test_recordio_in_pieces_has_the_rows_of_recordio_at_once(tmp_path: Path) -> None:
    rows = drawn_rows(200, 1)
    path = tmp_path / "rows.pbr"
    write_recordio(path, rows, weight_feature="w")
    assert len(check_same_rows(path, weight_feature="w")) > 5
    write_recordio(path, np.eye(60, dtype=np.float32))
    assert len(check_same_rows(path)) > 5


def test_dense_records_before_a_sparse_one_are_sparse(tmp_path: Path) -> None:
    dense = np.diag(np.arange(30, dtype=np.float32))
    write_recordio(tmp_path / "1", dense, np.ones(30))
    write_recordio(tmp_path / "2.gz", scipy.sparse.eye(30, format="csr")[7:8], np.ones(1))
    write_recordio(tmp_path / "3", dense, np.ones(30))
    assert len(check_same_rows(tmp_path)) > 5


@pytest.mark.parametrize("zero_based", [True, False])
def test_libsvm_in_pieces_has_the_rows_of_libsvm_at_once(zero_based: bool, tmp_path: Path) -> None:
    rows = drawn_rows(200, 3)
    unweighted = RowBatch(40, rows.row_offsets, rows.feature_ids, rows.values, rows.labels)
    write_libsvm(tmp_path / "1.svm", unweighted, zero_based=zero_based)
    (tmp_path / "2.svm").write_text("1 qid:3 2:1 3000000000:1\n" + "0 5:1\n" * 40 + "1 7:2")
    assert len(check_same_rows(tmp_path)) > 5
    check_same_rows(tmp_path / "1.svm")


def test_records_that_differ_later_are_refused_as_at_once(tmp_path: Path) -> None:
    write_recordio(tmp_path / "1", np.eye(30, dtype=np.float32), np.ones(30))
    for name, shard in (("no label", (np.eye(30),)), ("29", (np.ones((2, 29)), np.ones(2)))):
        write_recordio(tmp_path / "2", *shard)
        with pytest.raises(DataFormatError) as at_once:
            RowFiles(FileOptions()).read(tmp_path)
        with pytest.raises(DataFormatError) as in_pieces:
            pieces_of(tmp_path)
        assert str(in_pieces.value) == str(at_once.value)
        assert name in str(at_once.value)


def test_unsorted_keys_are_warned_of_once(tmp_path: Path) -> None:
    unsorted = scipy.sparse.csr_matrix(
        (np.ones(120, np.float32), np.tile([4, 2, 1], 40), np.arange(0, 121, 3)), shape=(40, 5)
    )
    write_recordio(tmp_path / "rows", unsorted)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pieces = pieces_of(tmp_path / "rows")
        assert sum(rows.num_rows for rows in pieces.read()) == 40
    assert [str(warning.message) for warning in caught] == [
        "the keys of 40 records were not ascending and have been sorted"
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        ("1,abc,x", "line 172, column age: invalid value 'abc'; expected a number"),
        ("1,2", "line 172: Expected 3 columns, got 2: 1,2"),
        ("1,inf,x", "row 170, column age: inf; expected a finite float32 number"),
        (",2,x", "row 170, column label: the label is missing; expected a finite float32 number"),
    ],
)
def test_a_bad_cell_in_a_later_piece_is_named(
    cell: str, complaint: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 700)  # by which columns are told
    lines = [f"{i % 2},{i},x" for i in range(300)]
    lines[170] = cell
    wrap = WRAPPINGS[suffix[4:]]
    (tmp_path / f"1{suffix}").write_bytes(wrap(b"label,age,city\n0,1,x\n"))
    (tmp_path / f"2{suffix}").write_bytes(wrap(("label,age,city\n" + "\n".join(lines)).encode()))
    with pytest.raises(UserError) as told:
        for _ in pieces_of(tmp_path).read():
            pass
    assert str(told.value) == f"{tmp_path / f'2{suffix}'}: {complaint}"


def test_a_compressed_table_that_ends_early_is_named(tmp_path: Path) -> None:
    packed = gzip.compress(drawn_table(3000, 1).encode())
    (tmp_path / "rows.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataFormatError, match=r"rows\.csv\.gz: the gzip stream ends early"):
        pieces_of(tmp_path / "rows.csv.gz")


def test_empty_files_are_refused_as_at_once(tmp_path: Path) -> None:
    for name in ("rows.pbr", "rows.svm", "rows.csv", "rows.parquet"):
        (tmp_path / name).touch()
        with pytest.raises(UserError) as at_once:
            RowFiles(FileOptions(), learns=True).read(tmp_path / name)
        with pytest.raises(UserError) as in_pieces:
            pieces_of(tmp_path / name)
        assert str(in_pieces.value) == str(at_once.value)


def test_what_cannot_come_in_pieces_is_not_touched(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.eye(3))
    for source in (tmp_path / "rows.npy", tmp_path / "gone.csv"):
        assert row_pieces(source, FileOptions()) is None


@pytest.mark.parametrize("suffix", [".csv", ".pbr", ".svm"])
def test_a_file_that_grows_between_two_readings_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    if suffix == ".csv":
        path.write_text(drawn_table(50, 1))
    elif suffix == ".pbr":
        write_recordio(path, np.eye(50, dtype=np.float32))
    else:
        path.write_text("1 1:1\n" * 50)
    pieces = pieces_of(path)
    content = path.read_bytes()
    path.write_bytes(content + content[content.find(b"\n") + 1 if suffix == ".csv" else 0 :])
    with pytest.raises(DataError, match="100 rows, read again; it had 50; expected files that do"):
        [*pieces.read()]
