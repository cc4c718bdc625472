"""NumPy's files as rows, with SciPy and NumPy themselves on the other side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, UserError
from pairloom.formats.array_files import (
    is_array_file,
    read_array_file,
    read_labels,
    write_array_file,
)

DENSE = np.array([[0.5, 0.0, -1.0], [0.0, 0.0, 2.0]], np.float32)


def csr_of(rows: RowBatch) -> scipy.sparse.csr_matrix:
    parts = (rows.values, rows.feature_ids, rows.row_offsets)
    return scipy.sparse.csr_matrix(parts, shape=(rows.num_rows, rows.feature_dim))


def sparse_arrays(**changes: Any) -> dict[str, Any]:
    matrix = scipy.sparse.csr_matrix(DENSE)
    parts = {
        "data": matrix.data,
        "indices": matrix.indices,
        "indptr": matrix.indptr,
        "shape": np.array(matrix.shape),
    }
    return {name: value for name, value in (parts | changes).items() if value is not None}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "bool"])
def test_reader_gives_the_values_of_a_dense_file_as_float32(tmp_path: Path, dtype: str) -> None:
    values = DENSE.astype(dtype)
    np.save(tmp_path / "rows.npy", np.asfortranarray(values))

    rows = read_array_file(tmp_path / "rows.npy")

    assert rows.is_dense
    assert (rows.feature_dim, rows.labels, rows.weights) == (3, None, None)
    assert rows.values is not None
    assert rows.values.dtype == np.float32
    assert rows.values.flags.c_contiguous
    np.testing.assert_array_equal(rows.values, values.astype(np.float32))


def test_reader_gives_labels_and_weights_beside_the_values(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", values=DENSE, labels=[1, 0], weights=[2.0, 0.5])

    rows = read_array_file(tmp_path / "rows.npz")

    assert rows.labels is not None
    assert rows.weights is not None
    assert rows.labels.dtype == rows.weights.dtype == np.float32
    assert (rows.labels.tolist(), rows.weights.tolist()) == ([1.0, 0.0], [2.0, 0.5])


@pytest.mark.parametrize("compressed", [False, True])
def test_reader_gives_the_matrix_that_scipy_saved(tmp_path: Path, *, compressed: bool) -> None:
    matrix = scipy.sparse.random(50, 200, density=0.05, format="csr", random_state=0)
    scipy.sparse.save_npz(tmp_path / "rows.npz", matrix, compressed=compressed)

    rows = read_array_file(tmp_path / "rows.npz")

    assert not rows.is_dense
    assert rows.feature_ids is not None
    assert rows.feature_ids.dtype == np.int32
    assert (csr_of(rows) != matrix.astype(np.float32)).nnz == 0


def test_reader_sorts_the_ids_of_each_row(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "rows.npz",
        data=[5.0, 1.0, 9.0, 2.0, 3.0],
        indices=[3, 0, 2, 1, 0],
        indptr=[0, 2, 2, 4, 5],
        shape=[4, 4],
    )

    rows = read_array_file(tmp_path / "rows.npz")

    assert rows.feature_ids is not None
    assert rows.values is not None
    assert rows.feature_ids.tolist() == [0, 3, 1, 2, 0]
    assert rows.values.tolist() == [1.0, 5.0, 2.0, 9.0, 3.0]


def test_reader_keeps_wide_ids_as_int64(tmp_path: Path) -> None:
    wide = 2**40
    np.savez(tmp_path / "rows.npz", data=[1.0], indices=[wide - 1], indptr=[0, 1], shape=[1, wide])

    rows = read_array_file(tmp_path / "rows.npz")

    assert rows.feature_ids is not None
    assert rows.feature_ids.dtype == np.int64
    assert rows.feature_ids.tolist() == [wide - 1]


def test_scipy_loads_what_the_writer_wrote(tmp_path: Path) -> None:
    matrix = scipy.sparse.random(30, 40, density=0.1, format="csr", random_state=1, dtype="f4")
    rows = RowBatch(
        40,
        row_offsets=matrix.indptr.astype(np.int64),
        feature_ids=matrix.indices,
        values=matrix.data,
        labels=np.arange(30, dtype=np.float32),
    )

    write_array_file(tmp_path / "rows.npz", rows)

    loaded = scipy.sparse.load_npz(tmp_path / "rows.npz")
    assert loaded.shape == (30, 40)
    assert (loaded != matrix).nnz == 0
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npz")["labels"], np.arange(30))


def test_writer_writes_the_rows_of_a_slice_and_ones_without_values(tmp_path: Path) -> None:
    rows = RowBatch(
        9,
        row_offsets=np.array([2, 3, 5], np.int64),
        feature_ids=np.array([7, 7, 1, 0, 8, 7], np.int32),
        weights=np.array([1, 3], np.float32),
    )

    write_array_file(tmp_path / "rows.npz", rows)

    loaded = scipy.sparse.load_npz(tmp_path / "rows.npz").toarray()
    assert [np.flatnonzero(row).tolist() for row in loaded] == [[1], [0, 8]]
    assert loaded.max() == 1.0
    assert np.load(tmp_path / "rows.npz")["weights"].tolist() == [1.0, 3.0]


def test_dense_rows_come_back_from_both_suffixes(tmp_path: Path) -> None:
    for name in ("rows.npy", "rows.npz"):
        write_array_file(tmp_path / name, RowBatch(3, values=DENSE))

        rows = read_array_file(tmp_path / name)

        np.testing.assert_array_equal(np.asarray(rows.values), DENSE)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (RowBatch(3, values=DENSE, labels=DENSE[:, 0]), "cannot hold labels; write a .npz"),
        (RowBatch(3, values=DENSE, weights=DENSE[:, 0]), "cannot hold weights; write a .npz"),
        (RowBatch(3, row_offsets=np.zeros(1, np.int64), feature_ids=np.zeros(0, np.int32)),
         "cannot hold sparse rows; write a .npz"),
    ],
)  # fmt: skip
def test_npy_file_is_refused_for_rows_it_cannot_hold(
    tmp_path: Path, rows: RowBatch, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        write_array_file(tmp_path / "rows.npy", rows)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"values": DENSE[0]}, r"values has shape \(3,\); expected 2 dimension"),
        ({"values": DENSE.astype("complex64")}, "values has type complex64; expected real"),
        ({"values": np.where(DENSE == 2, np.nan, DENSE)}, r"values\[1, 2\] is nan; expected a fin"),
        ({"values": DENSE.astype("f8") * 1e39}, r"values\[0, 0\] is 5e\+38; expected a finite"),
        ({"values": DENSE, "labels": [1, 2, 3]}, "labels has 3 entries; expected 2, one per row"),
        ({"values": DENSE, "weights": [[1], [2]]}, r"weights has shape \(2, 1\)"),
        ({"x": DENSE}, "holds x; expected values of dense rows, or .* of which data, indices"),
        (sparse_arrays(indptr=None), "of which indptr is missing"),
        (sparse_arrays(format=np.array(b"csc")), "format is b'csc'; expected 'csr'"),
        (sparse_arrays(shape=np.array([2, 3, 1])), r"shape is \[2, 3, 1\]; expected numbers of"),
        (sparse_arrays(shape=np.array([3, 3])), "expected 4 integers for 3 rows"),
        (sparse_arrays(indptr=np.array([0, 3, 2])), "indptr must rise from 0 to the 3 values"),
        (sparse_arrays(indptr=np.array([0, 1, 2])), "indptr must rise from 0 to the 3 values"),
        (sparse_arrays(indices=np.array([0, 2])), "expected 3 integers, one per value of data"),
        (sparse_arrays(indices=np.array([0.0, 2.0, 2.0])), "indices has shape .* type float64"),
        (sparse_arrays(indices=np.array([0, 3, 2])), r"indices\[1\] is 3; expected 0 to 2"),
        (sparse_arrays(indices=np.array([0, -1, 2])), r"indices\[1\] is -1; expected 0 to 2"),
        (sparse_arrays(indices=np.array([1, 1, 2])), "row 0 holds feature 1 twice"),
    ],
)
def test_reader_raises_when_arrays_are_no_rows(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "rows.npz", **arrays)

    with pytest.raises(DataFormatError, match=rf"rows\.npz: .*{message}"):
        read_array_file(tmp_path / "rows.npz")


def test_same_feature_in_neighbouring_rows_is_no_duplicate(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", data=[1, 2], indices=[4, 4], indptr=[0, 1, 2], shape=[2, 5])

    assert read_array_file(tmp_path / "rows.npz").num_rows == 2


@pytest.mark.parametrize("content", [b"\x93NUMPY\x01", b"PK\x03\x04 and no more"])
def test_reader_raises_when_a_file_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows.npz").write_bytes(content)

    with pytest.raises(DataFormatError, match=r"rows\.npz: not a readable NumPy file"):
        read_array_file(tmp_path / "rows.npz")


def test_reader_executes_nothing_in_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.array([[object()]], object), allow_pickle=True)

    with pytest.raises(DataFormatError, match="not a readable NumPy file"):
        read_array_file(tmp_path / "rows.npy")


def test_file_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", DENSE)
    np.savez(tmp_path / "b.npz", DENSE)
    (tmp_path / "c").write_bytes(b"\x0a\x23\xd7\xce")

    assert [is_array_file(tmp_path / name) for name in ("a.npy", "b.npz", "c")] == [
        True,
        True,
        False,
    ]


def test_labels_are_one_array(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", np.array([0, 1, 1]))
    np.save(tmp_path / "matrix.npy", DENSE)
    np.savez(tmp_path / "several.npz", a=DENSE)

    assert read_labels(tmp_path / "labels.npy").tolist() == [0.0, 1.0, 1.0]
    for name in ("matrix.npy", "several.npz"):
        with pytest.raises(DataFormatError, match=f"{name}: labels must be one array"):
            read_labels(tmp_path / name)
