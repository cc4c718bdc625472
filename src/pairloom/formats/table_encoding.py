"""Tables to rows, by what was learned of their columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import hash_name, hash_rows, hash_texts
from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError
from pairloom.formats.columns import CategoryColumn, Column, NumberColumn, Table
from pairloom.formats.feature_encoding import EncodedColumn, FeatureEncoding
from pairloom.formats.row_numbers import row_labels

logger = logging.getLogger(__name__)

WIDEST_HASH_BITS = 30

Ids = npt.NDArray[np.int64]
# Of each column the features of its values; empty for numbers and where values are hashed.
NumberedValues: TypeAlias = Sequence[Mapping[str, int]]


def numbered_values(encoding: FeatureEncoding) -> NumberedValues:
    """Return the features of each column's values, as `encode_table` looks them up."""
    numbered, first = [], 0
    for column in encoding.columns or ():
        numbered.append({text: first + place for place, text in enumerate(column.values or ())})
        first += column.num_features
    return numbered


def encode_table(
    table: Table, encoding: FeatureEncoding, numbered: NumberedValues | None = None
) -> RowBatch:
    """Make rows of a table: dense when all columns are numbers, sparse otherwise.

    Missing values and values that were not learned make no feature; a log line counts the latter.
    `numbered` is what `numbered_values` returned, for a table that comes piece by piece.

    Raises
    ------
    DataError
        A column is missing or of another kind, or a number is not finite.
    """
    columns = [_found(table, column) for column in encoding.columns or ()]
    labels = None if encoding.label is None else row_labels(table, encoding.label)
    feature_dim = encoding.feature_dim or 0
    numbers = [column for column in columns if isinstance(column, NumberColumn)]
    for column in numbers:
        _check_finite(table, column)
    if encoding.makes_dense_rows:
        values = np.empty((table.num_rows, len(numbers)), np.float32)
        for position, column in enumerate(numbers):
            values[:, position] = np.nan_to_num(column.values)
        return RowBatch(feature_dim, values=values, labels=labels)
    numbered = numbered_values(encoding) if numbered is None else numbered
    offsets, ids, values = _sparse(table, columns, encoding, numbered)
    if encoding.hash_bits is not None or any(_is_list(column) for column in columns):
        return _batch(feature_dim, hash_rows(offsets, ids, values, WIDEST_HASH_BITS), labels)
    return RowBatch(
        feature_dim,
        row_offsets=offsets,
        feature_ids=ids.astype(np.int32),
        values=None if (values == 1).all() else values,
        labels=labels,
    )


def hash_batch(rows: RowBatch, hash_bits: int) -> RowBatch:
    """Return rows whose ids at or beyond 2^hash_bits are hashed; equal ids of a row add up."""
    merged = hash_rows(*_as_sparse(rows), hash_bits)
    return _batch(1 << hash_bits, merged, rows.labels, rows.weights)


def _batch(
    feature_dim: int,
    rows: tuple[Ids, npt.NDArray[np.int32], Float32Array],
    labels: Float32Array | None,
    weights: Float32Array | None = None,
) -> RowBatch:
    offsets, ids, values = rows
    return RowBatch(
        feature_dim,
        row_offsets=offsets,
        feature_ids=ids,
        values=None if (values == 1).all() else values,
        labels=labels,
        weights=weights,
    )


def _as_sparse(rows: RowBatch) -> tuple[Ids, npt.NDArray[np.int32] | Ids, Float32Array | None]:
    if rows.row_offsets is not None and rows.feature_ids is not None:
        return rows.row_offsets, rows.feature_ids, rows.values
    dense = np.asarray(rows.values)
    held, ids = np.nonzero(dense)
    counts = np.bincount(held, minlength=len(dense))
    return _offsets_of(counts), np.ascontiguousarray(ids, np.int64), dense[held, ids]


def _offsets_of(counts: npt.NDArray[np.int64]) -> Ids:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))


def _found(table: Table, encoded: EncodedColumn) -> Column:
    column = table.column(encoded.name)
    if column is None:
        raise DataError(f"{table.source}: no column {encoded.name}; it has {table.names()}")
    kind = "number" if isinstance(column, NumberColumn) else "category"
    if kind != encoded.kind:
        raise DataError(
            f"{table.source}: column {encoded.name} is a {kind}; expected a {encoded.kind}, "
            "as in the rows that its features were learned from"
        )
    return column


def _check_finite(table: Table, column: NumberColumn) -> None:
    infinite = np.flatnonzero(np.isinf(column.values))
    if len(infinite):
        raise DataError(
            f"{table.source}: row {table.first_row + infinite[0]}, column {column.name}: "
            f"{column.values[infinite[0]]:g}; expected a finite float32 number"
        )


def _is_list(column: Column) -> bool:
    return isinstance(column, CategoryColumn) and column.row_offsets is not None


def _sparse(
    table: Table, columns: list[Column], encoding: FeatureEncoding, numbered: NumberedValues
) -> tuple[Ids, Ids, Float32Array]:
    """Put each column's entries behind those of the columns before it, row by row."""
    entries, first = [], 0
    for column, encoded, known in zip(columns, encoding.columns or (), numbered, strict=True):
        entries.append(_entries(table, column, known, first, encoding.hash_bits))
        first += encoded.num_features
    counts = [np.bincount(rows, minlength=table.num_rows) for rows, _, _ in entries]
    offsets = _offsets_of(np.sum(counts, axis=0))
    ids = np.empty(offsets[-1], np.int64)
    values = np.ones(offsets[-1], np.float32)
    next_place = offsets[:-1].copy()
    for (rows, column_ids, column_values), count in zip(entries, counts, strict=True):
        within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        places = next_place[rows] + within
        ids[places] = column_ids
        if column_values is not None:
            values[places] = column_values
        next_place += count
    return offsets, ids, values


def _entries(
    table: Table, column: Column, known: Mapping[str, int], first: int, hash_bits: int | None
) -> tuple[Ids, Ids, Float32Array | None]:
    """Return a column's entries: their rows in ascending order, ids and values (None: all 1)."""
    if isinstance(column, NumberColumn):
        rows = np.flatnonzero(np.nan_to_num(column.values))
        feature = first if hash_bits is None else hash_name(column.name.encode(), hash_bits)
        return rows, np.full(len(rows), feature), column.values[rows]
    features = _features_of_texts(column, known, hash_bits)
    rows = np.arange(table.num_rows)
    if column.row_offsets is not None:
        rows = np.repeat(rows, np.diff(column.row_offsets))
    given = column.codes >= 0
    ids = np.where(given, features[column.codes], -1) if len(features) else column.codes
    if hash_bits is None:
        _tell_unknown(table, column, ids, given)
    counts = ids >= 0
    return rows[counts], ids[counts], None


def _features_of_texts(
    column: CategoryColumn, known: Mapping[str, int], hash_bits: int | None
) -> Ids:
    """Return the feature of each text; -1 for one that is missing or was not learned."""
    if hash_bits is not None:
        texts = column.texts
        hashed = hash_texts(column.name.encode(), texts.data, texts.offsets, hash_bits)
        return np.where(texts.are_empty(), -1, hashed).astype(np.int64)
    return np.array([known.get(text, -1) for text in column.texts.to_list()], np.int64)


def _tell_unknown(
    table: Table, column: CategoryColumn, ids: Ids, given: npt.NDArray[np.bool_]
) -> None:
    empty = column.texts.are_empty()
    unknown = given & (ids < 0)
    if len(empty):
        unknown &= ~empty[column.codes]
    if unknown.any():
        example = column.texts.to_list()[column.codes[np.argmax(unknown)]]
        logger.info(
            "%s: column %s: %d values, as %r, are new and count nothing",
            table.source,
            column.name,
            np.count_nonzero(unknown),
            example,
        )
