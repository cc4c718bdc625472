"""From matrices, checked by scikit-learn, to the rows that training and models take."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError
from pairloom.formats.table_encoding import hash_batch

_SPARSE_DTYPES = [np.float32, np.float64]  # of others the first is made


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """A checked matrix with the numbers that training takes for each row."""

    X: Any
    labels: Float32Array
    weights: Float32Array | None

    def select(self, chosen: npt.NDArray[Any]) -> LabelledRows:
        """Copy some rows, chosen by number or by mask."""
        weights = None if self.weights is None else self.weights[chosen]
        return LabelledRows(self.X[chosen], self.labels[chosen], weights)

    def to_batch(self, hash_bits: int | None) -> RowBatch:
        """Borrow the arrays, unless ids are to be hashed."""
        rows = as_batch(self.X, self.labels, self.weights)
        return rows if hash_bits is None else hash_batch(rows, hash_bits)


def check_training_data(
    estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Any, npt.NDArray[Any]]:
    """Return X in float32 and y as a column; record the width and names of X when `reset`."""
    X, y = validate_data(estimator, X, y, reset=reset, y_numeric=y_numeric, **_accepted(X))
    return _as_float32(X), y


def check_rows_to_score(estimator: BaseEstimator, X: Any, *, ignore_out_of_range: bool) -> Any:
    """Return X in float32, without the features beyond the trained width when asked."""
    if ignore_out_of_range:
        X = _within_width(X, estimator.n_features_in_)
    return _as_float32(validate_data(estimator, X, reset=False, **_accepted(X)))


def as_batch(
    X: Any, labels: Float32Array | None = None, weights: Float32Array | None = None
) -> RowBatch:
    """Borrow a checked matrix as rows; only unsorted or repeated ids make a copy."""
    if not sp.issparse(X):
        return RowBatch(X.shape[1], values=X, labels=labels, weights=weights)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return RowBatch(
        X.shape[1],
        row_offsets=X.indptr.astype(np.int64, copy=False),
        feature_ids=np.ascontiguousarray(X.indices),
        values=np.ascontiguousarray(X.data),
        labels=labels,
        weights=weights,
    )


def _accepted(X: Any) -> dict[str, Any]:
    if sp.issparse(X):
        return {"accept_sparse": "csr", "dtype": _SPARSE_DTYPES}
    return {"accept_sparse": "csr", "dtype": np.float32, "order": "C"}


def _as_float32(X: Any) -> Any:
    if X.dtype == np.float32:
        return X
    with np.errstate(over="ignore"):
        values = X.data.astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError("Input X contains infinity or a value too large for dtype('float32').")
    return sp.csr_array((values, X.indices, X.indptr), shape=X.shape, copy=False)


def _within_width(X: Any, width: int) -> Any:
    if getattr(X, "ndim", None) != 2 or X.shape[1] <= width or hasattr(X, "columns"):
        return X
    if sp.issparse(X):
        within = X.tocsr()[:, :width]
        ignored = int(X.count_nonzero() - within.count_nonzero())
    else:
        within = X[:, :width]
        ignored = int(np.count_nonzero(X[:, width:]))
    if ignored:
        warnings.warn(
            f"ignored {ignored} nonzero values of features beyond the trained width {width}",
            stacklevel=4,
        )
    return within
