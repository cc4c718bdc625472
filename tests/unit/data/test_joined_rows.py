"""Rows taken out of batches and joined, against SciPy."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from pairloom.batch import RowBatch
from pairloom.data.joined_rows import join_rows, rows_at, rows_between


def batch(matrix: np.ndarray, *, dense: bool, ones: bool = False, wide: bool = False) -> RowBatch:
    labels = np.arange(len(matrix), dtype=np.float32)
    if dense:
        return RowBatch(matrix.shape[1], values=matrix, labels=labels)
    sparse = scipy.sparse.csr_array(matrix != 0 if ones else matrix)
    return RowBatch(
        matrix.shape[1],
        row_offsets=sparse.indptr.astype(np.int64),
        feature_ids=sparse.indices.astype(np.int64 if wide else np.int32),
        values=None if ones else sparse.data.astype(np.float32),
        labels=labels,
    )


def matrix_of(rows: RowBatch) -> np.ndarray:
    if rows.row_offsets is None:
        assert rows.values is not None
        return rows.values
    values = np.ones(rows.num_nonzeros, np.float32) if rows.values is None else rows.values
    shape = (rows.num_rows, rows.feature_dim)
    sparse = scipy.sparse.csr_array((values, rows.feature_ids, rows.row_offsets), shape)
    return np.asarray(sparse.toarray())


def matrix(num_rows: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (draw.integers(0, 3, (num_rows, 6)) * (draw.random((num_rows, 6)) < 0.4)).astype(
        np.float32
    )


@given(st.data())
def test_rows_at_positions_are_the_matrixs(data: st.DataObject) -> None:
    values = matrix(data.draw(st.integers(1, 12)), data.draw(st.integers(0, 99)))
    rows = batch(values, dense=data.draw(st.booleans()))
    place = st.integers(0, len(values) - 1)
    positions = np.array(data.draw(st.lists(place, max_size=20)), np.uint32)
    taken = rows_at(rows, positions)
    np.testing.assert_array_equal(matrix_of(taken), values[positions])
    np.testing.assert_array_equal(taken.labels, positions.astype(np.float32))
    begin = data.draw(place)
    end = data.draw(st.integers(begin, len(values)))
    np.testing.assert_array_equal(matrix_of(rows_between(rows, begin, end)), values[begin:end])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 99), st.booleans(), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=4,
    )
)
def test_joined_rows_are_the_matrices_below_each_other(
    parts: list[tuple[int, int, bool, bool, bool]],
) -> None:
    batches, matrices = [], []
    for num_rows, seed, dense, ones, wide in parts:
        values = matrix(num_rows, seed)
        batches.append(batch(values, dense=dense, ones=ones, wide=wide))
        matrices.append((values != 0).astype(np.float32) if ones and not dense else values)
    joined = join_rows(batches)
    np.testing.assert_array_equal(matrix_of(joined), np.vstack(matrices))
    labels = [np.arange(len(values)) for values in matrices]
    np.testing.assert_array_equal(joined.labels, np.concatenate(labels))
    assert joined.is_dense == all(dense for _, _, dense, _, _ in parts)
    joined.checked()
