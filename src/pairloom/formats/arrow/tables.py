"""Files and frames as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats.arrow.conversion import one_line, to_table
from pairloom.formats.arrow.csv_files import read_csv
from pairloom.formats.byte_files import ByteFile, Source, list_files, name_of, path_or_content
from pairloom.formats.columns import Table
from pairloom.formats.table_options import TableOptions


def read_table_files(
    source: Source | Sequence[Source], table_format: str, options: TableOptions
) -> Table:
    """Read the columns of one or more files of one table."""
    files = list_files(source)
    if not files:
        raise DataError("no file to read")
    tables = [_read_file(file, table_format, options) for file in files]
    name = name_of(files[0]) if len(files) == 1 else f"{name_of(files[0])} and others"
    try:
        joined = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowException, ValueError) as error:
        raise different_columns(name, error) from error
    return to_table(joined, name, options)


def different_columns(name: str, error: Exception) -> DataError:
    """Return the error for files whose columns cannot be joined."""
    return DataError(f"{name}: the files have different columns: {one_line(error)}")


def table_of_frame(frame: Any, options: TableOptions) -> Table:
    """Borrow the columns of a frame of pandas, polars or any library that speaks Arrow."""
    try:
        if isinstance(frame, pa.Table):
            table = frame
        elif type(frame).__module__.partition(".")[0] == "pandas":
            table = pa.Table.from_pandas(frame, preserve_index=False)
        else:
            table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"the frame's columns cannot be taken: {one_line(error)}") from error
    check_columns(table.column_names, "the frame", options)
    return to_table(table, "the frame", options)


def _read_parquet(file: ByteFile, options: TableOptions) -> Any:
    parquet = pyarrow.parquet.ParquetFile(arrow_source(file))
    only = options.only
    columns = None if only is None else [n for n in parquet.schema_arrow.names if n in only]
    table = parquet.read(columns=columns)
    table.validate(full=True)
    return table


def _read_arrow(file: ByteFile, options: TableOptions) -> Any:
    table = pyarrow.feather.read_table(arrow_source(file), memory_map=False)
    table.validate(full=True)
    if options.only is None:
        return table
    return table.select([name for name in table.column_names if name in options.only])


def arrow_source(file: ByteFile) -> Any:
    """Return what Arrow reads at any place: the path, or the content where it is compressed."""
    source = path_or_content(file)
    return source if isinstance(source, str) else pa.BufferReader(source)


_READERS = {"csv": read_csv, "parquet": _read_parquet, "arrow": _read_arrow}


def _read_file(file: ByteFile, table_format: str, options: TableOptions) -> Any:
    with naming_file(file, table_format):
        table = _READERS[table_format](file, options)
        check_columns(table.column_names, name_of(file), options)
        return table


@contextmanager
def naming_file(file: ByteFile, table_format: str) -> Iterator[None]:
    """Turn what is raised while a file is read into errors that name it."""
    name = name_of(file)
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except DataFormatError as error:
        place = "" if str(error).startswith(name) else f"{name}: "
        raise DataFormatError(f"{place}{one_line(error)}") from error
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise DataFormatError(
            f"{name}: not a readable {table_format} file: {one_line(error)}"
        ) from error


def check_columns(names: Sequence[str], name: str, options: TableOptions) -> None:
    """Raise DataError where two columns have one name, or one that was told is not there."""
    twice = next((column for column in names if names.count(column) > 1), None)
    if twice is not None:
        raise DataError(f"{name}: two columns are named {twice}; expected different names")
    unknown = next((column for column in options.categorical if column not in names), None)
    if unknown is not None and options.only is None:
        raise DataError(f"{name}: no column {unknown} to take as a category")
