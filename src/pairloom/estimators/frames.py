"""Data frames whose columns are not all numbers: encoded before scikit-learn checks them."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from pairloom.batch import RowBatch
from pairloom.formats import encode_frame
from pairloom.formats.feature_encoding import FeatureEncoding


def needs_encoding(X: Any) -> bool:
    """Say whether X is a frame with a column of other things than numbers."""
    library = type(X).__module__.partition(".")[0]
    if library == "pandas":
        return getattr(X, "ndim", 1) == 2 and any(
            getattr(dtype, "kind", "O") not in "biuf" for dtype in X.dtypes
        )
    if library == "polars":
        return hasattr(X, "dtypes") and not all(
            dtype.is_numeric() or str(dtype) == "Boolean" for dtype in X.dtypes
        )
    return hasattr(X, "__arrow_c_stream__")


def encoded_frame(
    X: Any, encoding: FeatureEncoding | None, hash_bits: int | None
) -> tuple[Any, FeatureEncoding]:
    """Return a frame's rows as a matrix, and the encoding that made them, learned if not given."""
    rows, encoding = encode_frame(X, encoding=encoding, hash_bits=hash_bits)
    return _matrix(rows), encoding


def _matrix(rows: RowBatch) -> Any:
    if rows.row_offsets is None or rows.feature_ids is None:
        return rows.values
    values = np.ones(rows.num_nonzeros, np.float32) if rows.values is None else rows.values
    shape = (rows.num_rows, rows.feature_dim)
    return sp.csr_array((values, rows.feature_ids, rows.row_offsets), shape=shape)
