"""Random rows through our writer and Google's reader, and the other way."""

from __future__ import annotations

import io
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from scipy import sparse

from oracle.aialgs_record import (
    Record,
    UnpackedRecord,
    file_of,
    frame,
    messages_of,
    record_of,
    tensor_of,
)
from pairloom.errors import DataFormatError
from pairloom.formats import read_recordio, write_recordio

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**31), 2**31 - 1)
VALUES = {"float32_tensor": FLOATS, "float64_tensor": FLOATS, "int32_tensor": INTEGERS}
DTYPES = {"float32_tensor": np.float32, "float64_tensor": np.float64, "int32_tensor": np.int64}
TENSORS = st.sampled_from(sorted(VALUES))
WIDTHS = st.one_of(st.integers(1, 5), st.integers(1, 2**31 - 1))


@st.composite
def matrices(draw: Any, tensor: str) -> Any:
    shape = numpy_strategies.array_shapes(min_dims=2, max_dims=2, max_side=8)
    return draw(numpy_strategies.arrays(DTYPES[tensor], shape, elements=VALUES[tensor]))


@st.composite
def sparse_rows(draw: Any, tensor: str, width: int) -> list[dict[int, float]]:
    row = st.dictionaries(st.integers(0, width - 1), VALUES[tensor], max_size=6)
    return draw(st.lists(row, min_size=1, max_size=6))  # type: ignore[no-any-return]


@given(st.data(), TENSORS)
def test_google_reads_the_dense_rows_that_we_write(data: Any, tensor: str) -> None:
    matrix = data.draw(matrices(tensor))
    target = io.BytesIO()
    write_recordio(target, matrix, matrix[:, 0])
    records = messages_of(target.getvalue())
    assert target.getvalue() == file_of(records)
    for record, row in zip(records, matrix, strict=True):
        assert list(getattr(record.features["values"], tensor).values) == list(row)
        assert list(getattr(record.label["values"], tensor).values) == [row[0]]


@given(st.data(), TENSORS, WIDTHS)
def test_google_reads_the_sparse_rows_that_we_write(data: Any, tensor: str, width: int) -> None:
    rows = data.draw(sparse_rows(tensor, width))
    values = np.array([value for row in rows for value in row.values()], DTYPES[tensor])
    ids = np.array([id_ for row in rows for id_ in row], np.int64)
    offsets = np.cumsum([0, *map(len, rows)])
    target = io.BytesIO()
    write_recordio(target, sparse.csr_matrix((values, ids, offsets), (len(rows), width)))
    records = messages_of(target.getvalue())
    assert target.getvalue() == file_of(records)
    for record, row in zip(records, rows, strict=True):
        found = tensor_of(record.features["values"])
        assert dict(zip(found.keys, found.values, strict=True)) == row
        assert list(found.shape) == [width]
        assert not record.label


@given(st.data(), TENSORS, st.sampled_from([Record, UnpackedRecord]))
def test_we_read_the_dense_rows_that_google_writes(data: Any, tensor: str, message: Any) -> None:
    matrix = data.draw(matrices(tensor))
    labels = data.draw(st.lists(FLOATS, min_size=len(matrix), max_size=len(matrix)))
    records = [
        record_of(row, label, tensor=tensor, message=message)
        for row, label in zip(matrix.tolist(), labels, strict=True)
    ]
    batch = read_recordio(io.BytesIO(file_of(records)))
    np.testing.assert_array_equal(batch.values, matrix.astype(np.float32))
    np.testing.assert_array_equal(batch.labels, np.array(labels, np.float32))


@given(st.data(), TENSORS, WIDTHS, st.sampled_from([Record, UnpackedRecord]))
def test_we_read_the_sparse_rows_that_google_writes(
    data: Any, tensor: str, width: int, message: Any
) -> None:
    rows = [dict(sorted(row.items())) for row in data.draw(sparse_rows(tensor, width))]
    records = [
        record_of(row.values(), keys=row, shape=[width], tensor=tensor, message=message)
        for row in rows
    ]
    batch = read_recordio(io.BytesIO(file_of(records)))
    assert batch.feature_dim == width
    np.testing.assert_array_equal(batch.row_offsets, np.cumsum([0, *map(len, rows)]))
    np.testing.assert_array_equal(batch.feature_ids, [id_ for row in rows for id_ in row])
    expected = np.array([value for row in rows for value in row.values()], np.float32)
    np.testing.assert_array_equal(batch.values, expected)


@given(st.lists(st.binary(max_size=40), max_size=3))
def test_arbitrary_bytes_are_rows_or_a_format_error(payloads: list[bytes]) -> None:
    content = b"".join(map(frame, payloads))
    try:
        batch = read_recordio(io.BytesIO(content), feature_dim=2)
    except DataFormatError:
        return
    assert batch.num_rows == len(payloads)


@given(st.lists(st.sampled_from([1, 2, 3, 4, 9]), max_size=6), st.data())
def test_fields_in_any_order_and_number_mean_what_google_says(fields: list[int], data: Any) -> None:
    """Members of Value repeated in every order: which tensor stays, and what it holds."""
    numbers = data.draw(st.lists(INTEGERS, min_size=len(fields), max_size=len(fields)))
    value = b"".join(map(_member, fields, numbers))
    entry = b"\x0a\x06values" + b"\x12" + bytes([len(value)]) + value
    payload = b"\x0a" + bytes([len(entry)]) + entry
    told = Record.FromString(payload).features["values"]
    is_tensor = told.WhichOneof("value") in VALUES
    if not is_tensor or not tensor_of(told).values:
        return
    batch = read_recordio(io.BytesIO(frame(payload)), require_labels=False)
    np.testing.assert_array_equal(
        batch.values, np.array([tensor_of(told).values], np.float64).astype(np.float32)
    )


def _member(field: int, number: int) -> bytes:
    wire = {2: np.float32(number).tobytes(), 3: np.float64(number).tobytes()}
    content = {
        2: b"\x0d" + wire[2],
        3: b"\x0a\x08" + wire[3],
        9: b"\x0a\x00",
    }.get(field, b"\x08\x05")
    return bytes([field << 3 | 2, len(content)]) + content
