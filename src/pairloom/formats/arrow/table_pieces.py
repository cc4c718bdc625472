"""Files of one table, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet

from pairloom.formats.arrow.conversion import to_table
from pairloom.formats.arrow.csv_files import CsvPieces
from pairloom.formats.arrow.tables import (
    arrow_source,
    check_columns,
    different_columns,
    naming_file,
)
from pairloom.formats.byte_files import name_of
from pairloom.formats.columns import Table
from pairloom.formats.table_options import TableOptions
from pairloom.formats.table_pieces import PiecewiseFormat

_PIECE_BYTES = 1 << 20
_FEWEST_ROWS, _MOST_ROWS = 1 << 9, 1 << 16
_BYTES_OF_A_NUMBER = 8
_READ_BYTES = 1 << 20


class TablePieces:
    """The files of one table, whose columns are those that `read_table_files` finds."""

    def __init__(
        self, files: Sequence[Path], table_format: PiecewiseFormat, options: TableOptions
    ) -> None:
        self._format = table_format
        self._options = options
        self._files = [(file, self._opened(file)) for file in files]
        name = name_of(files[0]) if len(files) == 1 else f"{name_of(files[0])} and others"
        try:
            self._schema = pa.unify_schemas(
                [pieces.schema for _, pieces in self._files], promote_options="permissive"
            )
        except (pa.ArrowException, ValueError) as error:
            raise different_columns(name, error) from error
        self._no_row = to_table(self._schema.empty_table(), name, options)

    def has_column(self, name: str) -> bool:
        """Say whether any of the files has a column."""
        return self._no_row.column(name) is not None

    def tables(self) -> Iterator[Table]:
        """Read the rows of all files from the beginning; a table without any comes first."""
        yield self._no_row
        for file, pieces in self._files:
            first_row = 0
            with naming_file(file, self._format):
                for batch in pieces.batches():
                    table = self._promoted(batch)
                    yield to_table(table, name_of(file), self._options, first_row)
                    first_row += batch.num_rows

    def _opened(self, file: Path) -> _FilePieces:
        with naming_file(file, self._format):
            pieces: _FilePieces = _FORMATS[self._format](file, self._options)
            check_columns(pieces.schema.names, name_of(file), self._options)
            return pieces

    def _promoted(self, batch: Any) -> Any:
        """Return the rows with the types that the columns have in all files together."""
        tables = [self._schema.empty_table(), pa.Table.from_batches([batch])]
        return pa.concat_tables(tables, promote_options="permissive")


class _FilePieces(Protocol):
    @property
    def schema(self) -> Any: ...

    def batches(self) -> Iterator[Any]: ...


class _ParquetPieces:
    def __init__(self, file: Path, options: TableOptions) -> None:  # noqa: ARG002
        self._file = file
        with self._open() as parquet:
            self.schema = parquet.schema_arrow

    def batches(self) -> Iterator[Any]:
        with self._open() as parquet:
            num_rows = _rows_of_a_piece(parquet.metadata)
            for batch in parquet.iter_batches(batch_size=num_rows, use_threads=False):
                batch.validate(full=True)
                yield batch

    def _open(self) -> Any:
        return pyarrow.parquet.ParquetFile(
            arrow_source(self._file), buffer_size=_READ_BYTES, pre_buffer=False
        )


def _rows_of_a_piece(metadata: Any) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    encoded_bytes = sum(group.total_byte_size for group in groups) // max(1, metadata.num_rows)
    row_bytes: int = max(1, encoded_bytes, _BYTES_OF_A_NUMBER * metadata.num_columns)
    return min(max(_FEWEST_ROWS, _PIECE_BYTES // row_bytes), _MOST_ROWS)


_FORMATS: dict[PiecewiseFormat, Any] = {"csv": CsvPieces, "parquet": _ParquetPieces}
