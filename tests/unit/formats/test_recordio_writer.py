from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse

from oracle.aialgs_record import messages_of, tensor_of
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats import read_recordio, write_recordio


def written(rows: Any, labels: Any = None) -> bytes:
    target = io.BytesIO()
    write_recordio(target, rows, labels)
    return target.getvalue()


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (np.float32, "float32_tensor"),
        (np.float64, "float64_tensor"),
        (np.int64, "int32_tensor"),
    ],
)
def test_dtype_of_values_and_labels_chooses_the_tensor(dtype: type, kind: str) -> None:
    rows: npt.NDArray[Any] = np.array([[1, -2], [3, 0]], dtype)
    records = messages_of(written(rows, rows[:, 0]))
    for record, row in zip(records, rows, strict=True):
        assert record.features["values"].WhichOneof("value") == kind
        assert record.label["values"].WhichOneof("value") == kind
        assert list(tensor_of(record.features["values"]).values) == list(row)
        assert list(tensor_of(record.label["values"]).values) == [row[0]]


@pytest.mark.parametrize(
    ("dtype", "told", "kind"),
    [
        (np.bool_, "float32", "float32_tensor"),
        (np.uint8, "float32", "float32_tensor"),
        (np.int16, "float32", "float32_tensor"),
        (np.float16, "float32", "float32_tensor"),
        (np.int32, "int64", "int32_tensor"),
        (np.uint32, "int64", "int32_tensor"),
        (np.uint64, "int64", "int32_tensor"),
        (np.longdouble, "float64", "float64_tensor"),
        (np.dtype(">f4"), "float32", "float32_tensor"),
        (np.dtype(">f8"), "float64", "float64_tensor"),
    ],
)
def test_other_dtypes_are_converted_and_it_is_said(dtype: Any, told: str, kind: str) -> None:
    rows = np.array([[1, 0]], dtype)
    with pytest.warns(UserWarning, match=rf"values of dtype .* are written as {told}") as warned:
        (record,) = messages_of(written(rows))
    assert warned[0].filename == __file__, "the warning points at who called write_recordio"
    assert record.features["values"].WhichOneof("value") == kind
    assert list(tensor_of(record.features["values"]).values) == [1, 0]


def test_every_sparse_layout_is_written_as_its_csr() -> None:
    matrix = sparse.random(20, 30, 0.2, random_state=1, dtype=np.float32)
    expected = written(matrix.tocsr())
    for layout in ("coo", "csc", "lil", "dok"):
        assert written(matrix.asformat(layout)) == expected
    assert written(sparse.csr_array(matrix)) == expected


def test_memory_order_and_strides_do_not_matter() -> None:
    rows = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert written(np.asfortranarray(rows)) == written(rows)
    assert written(np.repeat(rows, 2, axis=1)[:, ::2]) == written(rows)
    assert written(rows.tolist()) == written(rows.astype(np.float64))


def test_batches_are_written_and_read_back() -> None:
    dense = RowBatch(2, values=np.eye(2, dtype=np.float32), labels=np.ones(2, np.float32))
    batch = read_recordio(io.BytesIO(written(dense)))
    np.testing.assert_array_equal(batch.values, dense.values)
    np.testing.assert_array_equal(batch.labels, dense.labels)
    ones = RowBatch(9, np.array([0, 2, 3]), np.array([1, 8, 4], np.int64))
    batch = read_recordio(io.BytesIO(written(ones)), require_labels=False)
    assert batch.feature_dim == 9
    np.testing.assert_array_equal(batch.row_offsets, [0, 2, 3])
    np.testing.assert_array_equal(batch.feature_ids, [1, 8, 4])
    np.testing.assert_array_equal(batch.values, [1, 1, 1])


def test_large_matrices_are_written_block_by_block() -> None:
    rows = np.random.default_rng(0).random((3000, 900), np.float32)
    content = written(rows, rows[:, 0])
    batch = read_recordio(io.BytesIO(content))
    np.testing.assert_array_equal(batch.values, rows)
    np.testing.assert_array_equal(batch.labels, rows[:, 0])


def test_no_rows_make_an_empty_file(tmp_path: Path) -> None:
    write_recordio(tmp_path / "empty.pbr", np.zeros((0, 3)))
    assert (tmp_path / "empty.pbr").read_bytes() == b""


def csr(data: list[float], ids: list[int], offsets: list[int]) -> Any:
    """A matrix that breaks rules which SciPy's constructor would have checked."""
    matrix = sparse.csr_matrix((len(offsets) - 1, 5))
    matrix.data = np.array(data)
    matrix.indices, matrix.indptr = np.array(ids), np.array(offsets)
    return matrix


@pytest.mark.parametrize(
    ("rows", "labels", "complaint"),
    [
        (np.array([[1, 0], [1, np.nan]]), None, "row 1: value 1 is nan; expected finite numbers"),
        (np.array([[np.inf]], np.float32), None, "row 0: value 0 is inf; expected finite numbers"),
        (np.array([[2**31]]), None, "row 0: value 0 is 2147483648; expected integers of 32 bits"),
        (np.array([[-(2**31) - 1]]), None, "row 0: value 0 is -2147483649; expected integers"),
        (np.eye(2), np.array([1, np.nan]), "row 1: value 0 is nan; expected finite numbers"),
        (np.eye(2), np.ones(3), r"labels of shape \(3,\); expected \(2,\), one per row"),
        (np.ones(3), None, r"rows of shape \(3,\); expected a matrix of one column or more"),
        (np.ones((3, 0)), None, r"rows of shape \(3, 0\); expected a matrix of one column"),
        (np.array([["a"]]), None, "values of dtype <U1 cannot be written; expected real numbers"),
        (np.array([[1j]]), None, "values of dtype complex128 cannot be written"),
        (csr([1, 2], [4, 4], [0, 2]), None, "row 0: feature id 4 twice; expected distinct ids"),
        (csr([1, 2, 3], [4, 0, 4], [0, 3]), None, "row 0: feature id 4 twice"),
        (csr([1], [5], [0, 1]), None, "row 0: feature id 5; expected 0 to 4"),
        (csr([1], [-1], [0, 1]), None, "row 0: feature id -1; expected 0 to 4"),
        (csr([1], [1], [0, 2]), None, "row 0: row offsets 0 and 2; expected ascending offsets"),
        (csr([1, 1], [1, 2], [0, 2, 1]), None, "row 1: row offsets 2 and 1; expected ascending"),
    ],
)
def test_writer_raises_when_no_reader_would_take_a_row(
    rows: Any, labels: Any, complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        written(rows, labels)


def test_writer_raises_when_an_unsigned_integer_is_beyond_64_bits_with_a_sign() -> None:
    with (
        pytest.warns(UserWarning, match="uint64"),
        pytest.raises(DataError, match="18446744073709551615"),
    ):
        written(np.array([[2**64 - 1]], np.uint64))


def test_writer_raises_when_a_batch_holds_what_records_cannot() -> None:
    ones = np.ones(2, np.float32)
    with pytest.raises(DataError, match="row weights; recordio-protobuf without a weight_feature"):
        written(RowBatch(1, values=ones.reshape(2, 1), weights=ones))
    with pytest.raises(DataError, match="labels given beside a batch"):
        written(RowBatch(1, values=ones.reshape(2, 1)), ones)


def test_a_file_takes_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "rows.pbr"
    write_recordio(target, np.eye(2))
    before = target.read_bytes()
    with pytest.raises(DataError, match="row 1"):
        write_recordio(target, np.array([[1.0], [np.nan]]))
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rows.pbr"]
