"""Rows of files that are read some at a time, as often as they are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pairloom.batch import Float32Array, RowBatch
from pairloom.data.file_options import FileOptions
from pairloom.data.joined_rows import sparse_rows
from pairloom.errors import DataError
from pairloom.formats.file_format import source_format
from pairloom.formats.libsvm import MAX_WIDTH, refuse_no_feature, tell_first_id, tell_queries
from pairloom.formats.pieces import Piece, libsvm_pieces, recordio_pieces
from pairloom.formats.recordio import no_record, warn_of_unsorted
from pairloom.formats.shards import list_shards
from pairloom.formats.table_encoding import hash_batch
from pairloom.formats.table_pieces import PiecewiseFormat, TableRows


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPieces:
    """Rows, and what is true of all of them.

    Attributes
    ----------
    read
        Gives them in batches of this width and layout, from the first row on.
    """

    num_rows: int
    feature_dim: int
    is_dense: bool
    has_labels: bool
    has_weights: bool
    read: Callable[[], Iterator[RowBatch]]

    @classmethod
    def of_batch(cls, rows: RowBatch) -> RowPieces:
        """Return rows in memory as one piece."""
        return cls(
            num_rows=rows.num_rows,
            feature_dim=rows.feature_dim,
            is_dense=rows.is_dense,
            has_labels=rows.labels is not None,
            has_weights=rows.weights is not None,
            read=lambda: iter([rows]),
        )

    def with_labels(self, labels: Float32Array) -> RowPieces:
        """Return the rows with labels, one for each."""
        return dataclasses.replace(
            self, has_labels=True, read=lambda: _labelled(self.read(), labels)
        )


def row_pieces(
    source: Path, options: FileOptions, hash_bits: int | None = None
) -> RowPieces | None:
    """Read through a file or a folder of shards once, and return its rows to be read again.

    They are those of `RowFiles.read`, whose errors and warnings it has, of which never more than
    some megabytes are in memory, with features hashed into 2^hash_bits ids if that is given. None
    where that cannot be: NumPy and Arrow files, and what can be read once. Reading again raises
    DataError when there are more rows, or fewer.
    """
    if not source.is_file() and not source.is_dir():
        return None
    pieces = _read_through(source, options, hash_bits)
    if pieces is None:
        return None
    return dataclasses.replace(pieces, read=lambda: _as_many(pieces, source))


def _read_through(source: Path, options: FileOptions, hash_bits: int | None) -> RowPieces | None:
    file_format = options.format or source_format(source)
    files = list_shards(source)
    if file_format == "recordio":
        return _recordio(files, options, hash_bits)
    if file_format == "libsvm":
        return _libsvm(files, options, hash_bits)
    if file_format in ("csv", "parquet"):
        return _table(files, file_format, options, hash_bits)
    return None


def _recordio(files: list[Path], options: FileOptions, hash_bits: int | None) -> RowPieces:
    read = partial(
        recordio_pieces, files, weight_feature=options.weight_feature, hash_bits=hash_bits
    )
    num_rows = num_unsorted = 0
    rows = None
    for piece in read():
        rows = piece.rows
        num_rows += rows.num_rows
        num_unsorted += piece.num_unsorted
    if rows is None:
        raise no_record(files)
    warn_of_unsorted(num_unsorted)
    if rows.is_dense:
        return _like(rows, num_rows, lambda: _rows(read()))
    return _like(rows, num_rows, lambda: map(sparse_rows, _rows(read())))


def _libsvm(files: list[Path], options: FileOptions, hash_bits: int | None) -> RowPieces:
    width = None if hash_bits is None else MAX_WIDTH
    told = None if options.zero_based == "auto" else options.zero_based
    num_rows = num_queries = 0
    rows, zero_based = RowBatch(0), False
    for piece in libsvm_pieces(files, feature_dim=width, zero_based=told):
        rows, zero_based = piece.rows, piece.zero_based
        num_rows += rows.num_rows
        num_queries += piece.num_queries
    refuse_no_feature(files, num_rows, rows.feature_dim)
    if told is None:
        tell_first_id(files, zero_based=zero_based)
    tell_queries(files, num_queries)
    read = partial(libsvm_pieces, files, feature_dim=rows.feature_dim, zero_based=zero_based)
    if hash_bits is None:
        return _like(rows, num_rows, lambda: _rows(read()))
    hashed = partial(hash_batch, hash_bits=hash_bits)
    return _like(hashed(rows), num_rows, lambda: map(hashed, _rows(read())))


def _table(
    files: list[Path], file_format: PiecewiseFormat, options: FileOptions, hash_bits: int | None
) -> RowPieces:
    table = TableRows(
        files,
        file_format,
        label=options.label_column,
        require_label=options.label is not None,
        categorical=options.categorical,
        hash_bits=hash_bits,
        header=options.header,
        weight_feature=options.weight_feature,
    )
    return RowPieces(
        num_rows=table.num_rows,
        feature_dim=table.encoding.feature_dim or 0,
        is_dense=table.encoding.makes_dense_rows,
        has_labels=table.encoding.label is not None,
        has_weights=table.has_weights,
        read=table.read,
    )


def _like(last: RowBatch, num_rows: int, read: Callable[[], Iterator[RowBatch]]) -> RowPieces:
    """Return the rows whose last ones are of all their width and layout."""
    return dataclasses.replace(RowPieces.of_batch(last), num_rows=num_rows, read=read)


def _rows(pieces: Iterable[Piece]) -> Iterator[RowBatch]:
    return (piece.rows for piece in pieces)


def _as_many(pieces: RowPieces, source: Path) -> Iterator[RowBatch]:
    num_rows = 0
    for rows in pieces.read():
        num_rows += rows.num_rows
        yield rows
    if num_rows != pieces.num_rows:
        raise DataError(
            f"{source}: {num_rows} rows, read again; it had {pieces.num_rows}; expected files that "
            "do not change while they are read"
        )


def _labelled(pieces: Iterable[RowBatch], labels: Float32Array) -> Iterator[RowBatch]:
    row = 0
    for rows in pieces:
        yield dataclasses.replace(rows, labels=labels[row : row + rows.num_rows])
        row += rows.num_rows
