"""Vectors whose inner products rank items as the model's scores do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array, RowBatch

if TYPE_CHECKING:
    from pairloom.model.model import Model

_CHUNK_ROWS = 4096


def item_embeddings(model: Model, features: npt.NDArray[np.int64]) -> Float32Array:
    """Return [v, w] of each feature, (n, num_factors + 1)."""
    linear_weights, factors = model.parameters_of(features)
    return np.concatenate([factors, linear_weights[:, None]], axis=1)


def row_embeddings(model: Model, rows: RowBatch) -> Float32Array:
    """Return [sum_i x_i v_i, 1] of each row, (num_rows, num_factors + 1)."""
    rows.checked()
    vectors = np.ones((rows.num_rows, model.num_factors + 1), np.float32)
    for begin in range(0, rows.num_rows, _CHUNK_ROWS):
        end = min(begin + _CHUNK_ROWS, rows.num_rows)
        vectors[begin:end, :-1] = _sums(model, rows, begin, end)
    return vectors


def _sums(model: Model, rows: RowBatch, begin: int, end: int) -> npt.NDArray[np.float64]:
    if rows.row_offsets is None or rows.feature_ids is None:
        _, factors = model.parameters_of(np.arange(rows.feature_dim))
        return np.asarray(rows.values)[begin:end].astype(np.float64) @ factors.astype(np.float64)
    offsets = rows.row_offsets[begin : end + 1]
    stored = slice(int(offsets[0]), int(offsets[-1]))
    _, factors = model.parameters_of(rows.feature_ids[stored].astype(np.int64))
    terms = factors.astype(np.float64)
    if rows.values is not None:
        terms *= rows.values[stored, None]
    sums = np.zeros((end - begin, model.num_factors))
    row_of = np.repeat(np.arange(end - begin), np.diff(offsets))
    np.add.at(sums, row_of, terms)
    return sums
