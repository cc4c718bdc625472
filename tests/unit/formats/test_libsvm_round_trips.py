"""Random rows and numbers through our reader and writer and scikit-learn's."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, example, given
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from pairloom.batch import RowBatch
from pairloom.errors import DataError, DataFormatError
from pairloom.formats import read_libsvm, write_libsvm

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
DOUBLES = st.floats(-3e38, 3e38)


@st.composite
def batches(draw: Any, values: st.SearchStrategy[float] = FLOATS) -> RowBatch:
    width = draw(st.one_of(st.integers(1, 6), st.integers(1, 2**40)))
    row = st.dictionaries(st.integers(0, width - 1), values, max_size=6)
    rows = draw(st.lists(row, min_size=1, max_size=6))
    dtype: Any = np.int32 if width <= 2**31 else np.int64
    ids = [feature for row in rows for feature in sorted(row)]
    return RowBatch(
        width,
        row_offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        feature_ids=np.array(ids, dtype),
        values=np.array([row[feature] for row in rows for feature in sorted(row)], np.float32),
        labels=np.array(draw(st.lists(FLOATS, min_size=len(rows), max_size=len(rows)))).astype(
            np.float32
        ),
    )


def bits(array: Any) -> list[int]:
    return np.asarray(array, np.float32).view(np.uint32).tolist()  # type: ignore[no-any-return]


def written(rows: Any, labels: Any = None, **options: Any) -> bytes:
    target = io.BytesIO()
    write_libsvm(target, rows, labels, **options)
    return target.getvalue()


@given(batches(), st.booleans())
def test_what_is_written_reads_back_to_the_bit(batch: RowBatch, zero_based: bool) -> None:
    text = written(batch, zero_based=zero_based)
    again = read_libsvm(io.BytesIO(text), feature_dim=batch.feature_dim, zero_based=zero_based)
    assert again.row_offsets.tolist() == batch.row_offsets.tolist()  # type: ignore[union-attr]
    assert again.feature_ids.tolist() == batch.feature_ids.tolist()  # type: ignore[union-attr]
    assert bits(again.labels) == bits(batch.labels)
    values = np.ones(batch.num_nonzeros) if again.values is None else again.values
    assert bits(values) == bits(batch.values)


@given(batches(), st.booleans())
def test_scikit_learn_reads_what_we_write(batch: RowBatch, zero_based: bool) -> None:
    text = written(batch, zero_based=zero_based)
    assume(batch.feature_dim < 2**31 - 1)  # what it can take
    matrix, labels = load_svmlight_file(io.BytesIO(text), zero_based=zero_based)
    assert matrix.indices.tolist() == batch.feature_ids.tolist()  # type: ignore[union-attr]
    assert bits(matrix.data) == bits(batch.values)
    assert bits(labels) == bits(batch.labels)


@given(st.integers(1, 5), st.integers(1, 5), st.booleans(), st.data())
def test_we_read_what_scikit_learn_writes(
    num_rows: int, width: int, zero_based: bool, data: Any
) -> None:
    numbers = st.lists(DOUBLES, min_size=num_rows * width, max_size=num_rows * width)
    matrix = sparse.csr_matrix(np.array(data.draw(numbers)).reshape(num_rows, width))
    labels = data.draw(st.lists(DOUBLES, min_size=num_rows, max_size=num_rows))
    target = io.BytesIO()
    dump_svmlight_file(matrix, labels, target, zero_based=zero_based, comment="a note")
    batch = read_libsvm(io.BytesIO(target.getvalue()), feature_dim=width, zero_based=zero_based)
    assert batch.row_offsets.tolist() == matrix.indptr.tolist()  # type: ignore[union-attr]
    assert batch.feature_ids.tolist() == matrix.indices.tolist()  # type: ignore[union-attr]
    again, again_labels = load_svmlight_file(io.BytesIO(target.getvalue()), zero_based=zero_based)
    values = np.ones(batch.num_nonzeros) if batch.values is None else batch.values
    assert_nearest(values, again.data)
    assert_nearest(batch.labels, again_labels)


def assert_nearest(ours: Any, doubles: Any) -> None:
    # Theirs goes over double: the second rounding may differ in the last bit, never in more.
    theirs = doubles.astype(np.float32)
    assert (np.abs(ours - theirs) <= np.spacing(np.abs(theirs))).all()


@given(st.text("0123456789", max_size=25), st.text("0123456789", max_size=25), st.integers(-60, 60))
@example("1", "000000059604644775390625", 0)
@example("1", "00000005960464477539062500000000000000000001", 0)
@example("0", "", -70)
def test_numbers_are_the_nearest_float32(whole: str, fraction: str, exponent: int) -> None:
    assume(whole or fraction)
    line = f"{whole}.{fraction}e{exponent} 1:1\n".encode()
    exact = Fraction(f"{whole or 0}.{fraction or 0}e{exponent}")
    if exact >= 2**128 - 2**103:  # halfway from the largest float32 to the next power of two
        with pytest.raises(DataFormatError, match="expected a float32 number"):
            read_libsvm(io.BytesIO(line))
        return
    labels = read_libsvm(io.BytesIO(line)).labels
    assert labels is not None
    error = abs(Fraction(float(labels[0])) - exact)
    for neighbour in np.nextafter(labels[0], np.array([-np.inf, np.inf], np.float32)):
        other = abs(Fraction(float(neighbour)) - exact) if np.isfinite(neighbour) else error + 1
        assert error < other or (error == other and bits(labels)[0] % 2 == 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_every_number_type_is_written_in_its_own_fewest_digits(dtype: type) -> None:
    rows: Any = np.array([[0, 3], [1, 0]], dtype)
    assert written(rows, np.array([1, 2], dtype)) == b"1 2:3\n2 1:1\n"


def test_fewest_digits_depend_on_the_number_type() -> None:
    rows = np.array([[0.1]], np.float32)
    assert written(rows, np.zeros(1)) == b"0 1:0.1\n"
    assert written(rows.astype(np.float64), np.zeros(1)) == b"0 1:0.10000000149011612\n"


def test_unsorted_ids_are_written_sorted() -> None:
    batch = RowBatch(
        9,
        row_offsets=np.array([0, 2]),
        feature_ids=np.array([8, 1], np.int32),
        labels=np.zeros(1, np.float32),
    )
    assert written(batch) == b"0 2:1 9:1\n"
    assert written(batch, zero_based=True) == b"0 1:1 8:1\n"


@pytest.mark.parametrize(
    ("rows", "labels", "complaint"),
    [
        (np.array([[1, 0], [1, np.nan]]), [0, 1], "row 1: value nan at column 1; expected finite"),
        (np.eye(2), [0, np.inf], "row 1: label inf; expected finite numbers"),
        (np.eye(2), None, "row 0: no label; expected one for each row"),
        (np.eye(2), [1], r"labels of shape \(1,\); expected \(2,\), one per row"),
        (
            RowBatch(3, np.array([0, 1]), np.array([3], np.int32), labels=np.ones(1, np.float32)),
            None,
            "row 0: feature id 3; expected 0 to 2",
        ),
    ],
)
def test_writer_raises_when_no_reader_would_take_a_row(
    rows: Any, labels: Any, complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        written(rows, None if labels is None else np.array(labels, np.float64))


def test_a_file_takes_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "rows.libsvm"
    write_libsvm(target, np.eye(2), np.ones(2))
    before = target.read_bytes()
    with pytest.raises(DataError, match="row 1"):
        write_libsvm(target, np.array([[1.0], [np.nan]]), np.ones(2))
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["rows.libsvm"]
