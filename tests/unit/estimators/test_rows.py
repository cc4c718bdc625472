from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator

from pairloom.batch import RowBatch
from pairloom.estimators.rows import as_batch, check_rows_to_score, check_training_data

DENSE = np.array([[0, 1.5, 0, 2], [0, 0, 0, 0], [3, 0, 0.25, 0]])
LABELS = np.array([0.0, 1.0, 0.0])


def checked(X: Any) -> Any:
    return check_training_data(BaseEstimator(), X, LABELS, reset=True, y_numeric=True)[0]


def densified(batch: RowBatch) -> np.ndarray:
    dense = np.zeros((batch.num_rows, batch.feature_dim), dtype=np.float32)
    assert batch.row_offsets is not None
    assert batch.feature_ids is not None
    assert batch.values is not None
    for row in range(batch.num_rows):
        entries = slice(batch.row_offsets[row], batch.row_offsets[row + 1])
        dense[row, batch.feature_ids[entries]] += batch.values[entries]
    return dense


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_sparse_matrix_of_any_form_becomes_the_same_rows(form: Any, dtype: Any) -> None:
    X = form(DENSE.astype(dtype))
    batch = as_batch(checked(X))
    assert batch.row_offsets is not None
    assert batch.row_offsets.dtype == np.int64
    assert batch.values is not None
    assert batch.values.dtype == np.float32
    assert np.array_equal(densified(batch), DENSE.astype(dtype).astype(np.float32))


def test_float32_csr_is_read_in_place() -> None:
    X = sp.csr_array(DENSE.astype(np.float32))
    batch = as_batch(checked(X))
    assert np.shares_memory(batch.values, X.data)
    assert np.shares_memory(batch.feature_ids, X.indices)


def test_float64_csr_shares_its_ids() -> None:
    X = sp.csr_matrix(DENSE)
    assert np.shares_memory(as_batch(checked(X)).feature_ids, X.indices)


def test_float32_dense_rows_are_read_in_place() -> None:
    X = DENSE.astype(np.float32)
    assert np.shares_memory(as_batch(checked(X)).values, X)


def test_int64_ids_are_kept() -> None:
    X = sp.csr_array(DENSE.astype(np.float32))
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    batch = as_batch(checked(X))
    assert batch.feature_ids is not None
    assert batch.feature_ids.dtype == np.int64
    assert np.shares_memory(batch.row_offsets, X.indptr)


def test_unsorted_and_repeated_ids_are_put_right_in_a_copy() -> None:
    values, ids = np.array([2, 1, 1], dtype=np.float32), np.array([3, 1, 1])
    X = sp.csr_array((values, ids, np.array([0, 3, 3, 3])), shape=(3, 4))
    batch = as_batch(checked(X))
    assert batch.feature_ids is not None
    assert batch.feature_ids.tolist() == [1, 3]
    assert densified(batch)[0].tolist() == [0, 2, 0, 2]
    assert X.indices.tolist() == [3, 1, 1]


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_value_beyond_float32_is_refused(form: Any) -> None:
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match="infinity or a value too large"),
    ):
        checked(form(np.where(DENSE == 3, 1e300, DENSE)))


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.coo_array])
def test_features_out_of_range_are_counted_and_left_out_when_asked(form: Any) -> None:
    estimator = BaseEstimator()
    check_training_data(estimator, DENSE, LABELS, reset=True, y_numeric=True)
    wide = np.hstack([DENSE, [[0, 7], [0, 0], [8, 9]]])
    with pytest.warns(UserWarning, match="ignored 3 nonzero values .* beyond the trained width 4"):
        X = check_rows_to_score(estimator, form(wide), ignore_out_of_range=True)
    X = X.toarray() if sp.issparse(X) else X
    assert np.array_equal(X, DENSE.astype(np.float32))


@pytest.mark.parametrize("ignore", [False, True])
def test_other_widths_are_refused(ignore: bool) -> None:
    estimator = BaseEstimator()
    check_training_data(estimator, DENSE, LABELS, reset=True, y_numeric=True)
    widths = [3] if ignore else [3, 5]
    for width in widths:
        with pytest.raises(ValueError, match=f"X has {width} features, but"):
            check_rows_to_score(estimator, np.ones((1, width)), ignore_out_of_range=ignore)
