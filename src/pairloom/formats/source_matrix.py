"""Matrices on their way into a file, as the core borrows them, and their bytes block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import SourceMatrix
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.complete_file import written_beside
from pairloom.formats.compression import open_to_write
from pairloom.formats.numbers import to_record_numbers

_WRITE_BYTES = 4 << 20

# From rows, a first one and a number of bytes to the next row and the bytes of those before it.
EncodeBlock: TypeAlias = Callable[[SourceMatrix, int, int], tuple[int, memoryview]]


class SparseMatrix(Protocol):
    """What is asked of a SciPy matrix or array."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def tocsr(self) -> Any: ...


Rows: TypeAlias = RowBatch | SparseMatrix | npt.ArrayLike


def source_matrix(
    rows: Rows, labels: npt.ArrayLike | None, format_name: str, *, takes_weights: bool = False
) -> SourceMatrix:
    """Borrow rows that are to be written."""
    if isinstance(rows, RowBatch):
        if rows.weights is not None and not takes_weights:
            raise DataError(f"row weights; {format_name} has no place for them")
        return _of_batch(rows, labels)
    matrix = rows.tocsr() if hasattr(rows, "tocsr") else np.asarray(rows)
    num_rows, feature_dim = _checked_shape(matrix.shape)
    if labels is not None:
        labels = to_record_numbers(_checked_labels(labels, num_rows), "labels")
    if isinstance(matrix, np.ndarray):
        return SourceMatrix(
            feature_dim=feature_dim,
            values=to_record_numbers(matrix, "values"),
            row_offsets=None,
            feature_ids=None,
            labels=labels,
        )
    return SourceMatrix(
        feature_dim=feature_dim,
        values=to_record_numbers(matrix.data, "values"),
        row_offsets=np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        feature_ids=np.ascontiguousarray(matrix.indices),
        labels=labels,
    )


def write_matrices(
    target: str | Path | BinaryIO, matrices: Iterable[SourceMatrix], encode: EncodeBlock
) -> None:
    """Write all rows, one matrix after the other; a path's file appears when it is complete."""
    if isinstance(target, (str, Path)):
        with written_beside(Path(target)) as path, open_to_write(path, Path(target)) as file:
            _write_blocks(file, matrices, encode)
    else:
        _write_blocks(target, matrices, encode)


def _of_batch(batch: RowBatch, labels: npt.ArrayLike | None) -> SourceMatrix:
    if labels is not None:
        message = "labels given beside a batch; expected them inside it"
        raise DataError(message)
    values = batch.values
    if values is None:
        values = np.ones(0 if batch.feature_ids is None else len(batch.feature_ids), np.float32)
    return SourceMatrix(
        feature_dim=batch.feature_dim,
        values=values,
        row_offsets=batch.row_offsets,
        feature_ids=batch.feature_ids,
        labels=batch.labels,
        weights=batch.weights,
    )


def _checked_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2 or shape[1] == 0:
        message = f"rows of shape {shape}; expected a matrix of one column or more"
        raise DataError(message)
    return shape[0], shape[1]


def _checked_labels(labels: npt.ArrayLike, num_rows: int) -> npt.NDArray[Any]:
    array = np.asarray(labels)
    if array.shape != (num_rows,):
        message = f"labels of shape {array.shape}; expected ({num_rows},), one per row"
        raise DataError(message)
    return array


def _write_blocks(file: BinaryIO, matrices: Iterable[SourceMatrix], encode: EncodeBlock) -> None:
    for matrix in matrices:
        row = 0
        while row < matrix.num_rows:
            row, block = encode(matrix, row, _WRITE_BYTES)
            file.write(block)
