"""Rows taken out of batches, and batches joined to one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pairloom.batch import FeatureIds, Float32Array, RowBatch

Positions = npt.NDArray[np.uint32] | npt.NDArray[np.int64]


def rows_at(rows: RowBatch, positions: Positions) -> RowBatch:
    """Copy the rows at these positions, in this order."""
    labels = None if rows.labels is None else rows.labels[positions]
    weights = None if rows.weights is None else rows.weights[positions]
    if rows.row_offsets is None or rows.feature_ids is None:
        values = None if rows.values is None else rows.values[positions]
        return RowBatch(rows.feature_dim, values=values, labels=labels, weights=weights)
    begins = rows.row_offsets[positions]
    lengths = rows.row_offsets[positions.astype(np.int64) + 1] - begins
    offsets = _offsets(lengths)
    entries = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], lengths)
    return RowBatch(
        rows.feature_dim,
        row_offsets=offsets,
        feature_ids=rows.feature_ids[entries],
        values=None if rows.values is None else rows.values[entries],
        labels=labels,
        weights=weights,
    )


def rows_between(rows: RowBatch, begin: int, end: int) -> RowBatch:
    """Copy the rows from one position up to another."""
    return rows_at(rows, np.arange(begin, end, dtype=np.int64))


def join_rows(parts: Sequence[RowBatch]) -> RowBatch:
    """Return the rows of batches of one width, one after the other: dense when all are."""
    if len(parts) == 1:
        return parts[0]
    if not all(part.is_dense for part in parts):
        parts = [sparse_rows(part) for part in parts]
    joined = RowBatch(
        parts[0].feature_dim,
        values=_joined_values(parts),
        labels=_joined([part.labels for part in parts]),
        weights=_joined([part.weights for part in parts]),
    )
    ids = [part.feature_ids for part in parts if part.feature_ids is not None]
    if not ids:
        return joined
    lengths = [np.diff(part.row_offsets) for part in parts if part.row_offsets is not None]
    return dataclasses.replace(
        joined, row_offsets=_offsets(np.concatenate(lengths)), feature_ids=_joined_ids(ids)
    )


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def sparse_rows(rows: RowBatch) -> RowBatch:
    """Return the rows as sparse ones: dense rows lose their zeros."""
    if not rows.is_dense or rows.values is None:
        return rows
    row, feature = np.nonzero(rows.values)
    return dataclasses.replace(
        rows,
        row_offsets=_offsets(np.bincount(row, minlength=rows.num_rows)),
        feature_ids=feature.astype(np.int32),
        values=rows.values[row, feature],
    )


def _joined_values(parts: Sequence[RowBatch]) -> Float32Array | None:
    if all(part.values is None for part in parts):
        return None
    return np.concatenate(
        [
            np.ones(part.num_nonzeros, np.float32) if part.values is None else part.values
            for part in parts
        ]
    )


def _joined(arrays: Sequence[Float32Array | None]) -> Float32Array | None:
    held = [array for array in arrays if array is not None]
    return np.concatenate(held) if len(held) == len(arrays) else None


def _joined_ids(ids: Sequence[FeatureIds]) -> FeatureIds:
    joined: Any = np.concatenate(ids)  # of the wider type
    return cast("FeatureIds", joined)
