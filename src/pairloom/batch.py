"""The row container that every layer hands to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import Rows
from pairloom.errors import DataError

Float32Array: TypeAlias = npt.NDArray[np.float32]
FeatureIds: TypeAlias = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows of one matrix, borrowed and read-only.

    Sparse rows carry `row_offsets` and `feature_ids`; dense rows carry neither and a
    two-dimensional `values`. Arrays are C-contiguous and of the dtypes named here, so that the
    core reads them in place.

    Attributes
    ----------
    feature_dim
        Width of the rows: every feature id is below it.
    row_offsets
        int64, `num_rows + 1`; row r holds entries `row_offsets[r]` to `row_offsets[r + 1]`.
    feature_ids
        int32 or int64, one per stored value, ascending inside a row.
    values
        float32. Sparse: one per feature id, or None when all are 1.0. Dense: (num_rows,
        feature_dim).
    labels
        float32, one per row, or None for rows to be scored only.
    weights
        float32, one per row, or None when all rows weigh 1.
    """

    feature_dim: int
    row_offsets: npt.NDArray[np.int64] | None = None
    feature_ids: FeatureIds | None = None
    values: Float32Array | None = None
    labels: Float32Array | None = None
    weights: Float32Array | None = None

    @property
    def is_dense(self) -> bool:
        return self.row_offsets is None

    @property
    def num_rows(self) -> int:
        if self.row_offsets is not None:
            return len(self.row_offsets) - 1
        return 0 if self.values is None else len(self.values)

    @property
    def num_nonzeros(self) -> int:
        """Stored values: of dense rows, every one."""
        if self.row_offsets is not None:
            return int(self.row_offsets[-1] - self.row_offsets[0])
        return 0 if self.values is None else int(self.values.size)

    @property
    def num_bytes(self) -> int:
        """Memory of all arrays."""
        arrays = (self.row_offsets, self.feature_ids, self.values, self.labels, self.weights)
        return sum(array.nbytes for array in arrays if array is not None)

    def largest_value(self) -> float:
        """Return the largest magnitude of a stored value; 0 without any."""
        if self.values is None:
            return 1.0 if self.num_nonzeros else 0.0
        return float(np.abs(self.values).max(initial=0.0))

    def checked(self) -> Rows:
        """Return the rows as the core borrows them.

        Raises
        ------
        DataError
            A feature id is at or beyond `feature_dim`, a value or label is not finite, a weight
            is negative or an array has the wrong length; the message names the row.
        """
        try:
            if self.row_offsets is None or self.feature_ids is None:
                return Rows.dense(self._dense_values(), self.labels, self.weights)
            return Rows.sparse(
                self.feature_dim,
                self.row_offsets,
                self.feature_ids,
                self.values,
                self.labels,
                self.weights,
            )
        except ValueError as error:
            raise DataError(str(error)) from error

    def _dense_values(self) -> Float32Array:
        if self.values is None or self.values.ndim != 2 or self.values.shape[1] != self.feature_dim:
            shape = None if self.values is None else self.values.shape
            raise ValueError(
                f"dense rows need values of shape (num_rows, {self.feature_dim}), not {shape}"
            )
        return self.values
