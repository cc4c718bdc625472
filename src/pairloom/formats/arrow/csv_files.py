"""CSV as an Arrow table, whole or in pieces, whose columns are float32 numbers or text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from pairloom.errors import DataFormatError
from pairloom.formats.byte_files import ByteFile, path_or_content, plain_bytes
from pairloom.formats.table_options import TableOptions

_BLOCK_BYTES = 1 << 24
# Arrow reads 32 blocks ahead. Small ones take long where each has few values of many columns.
_SMALLEST_BLOCK_BYTES, _BLOCK_BYTES_OF_A_COLUMN = 1 << 20, 1 << 11
MISSING_NUMBERS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
# What pyarrow says of CSV; it counts the header as the first row.
_CSV_VALUE = re.compile(
    r"In CSV column #(\d+): Row #(\d+): CSV conversion error to (\w+): (.*)", re.DOTALL
)
_CSV_ROW = re.compile(r"^CSV parse error: Row #(\d+): ")


def read_csv(file: ByteFile, options: TableOptions) -> Any:
    """Read one file, decompressed."""
    source = path_or_content(file)
    types: dict[str, Any] = {}
    names = None
    try:
        names = _csv_names(source, options)
        types = _csv_types(source, names, options)
        return _parse_csv(source, names, types, threads=True)
    except pa.ArrowInvalid:
        try:  # once more, slower, for an error that knows its line
            return _parse_csv(source, names, types, threads=False)
        except pa.ArrowInvalid as error:
            raise _csv_error(str(error), types) from error


class CsvPieces:
    """One file, decompressed, in pieces; the columns are those that `read_csv` finds."""

    def __init__(self, file: Path, options: TableOptions) -> None:
        self._file = file
        head = _first_block(file)
        try:
            self._names = _csv_names(head, options)
            self._types = _csv_types(head, self._names, options)
        except pa.ArrowInvalid as error:
            raise _csv_error(str(error), {}) from error
        self.schema = pa.schema([*self._types.items()])

    def batches(self) -> Iterator[Any]:
        """Read the file from its beginning."""
        wanted = _BLOCK_BYTES_OF_A_COLUMN * len(self._types)
        block_bytes = min(max(_SMALLEST_BLOCK_BYTES, wanted), _BLOCK_BYTES)
        num_read = 0
        try:
            for batch in self._batches(block_bytes, 0):
                num_read += batch.num_rows
                yield batch
        except _LargeRowError:
            yield from self._batches(_BLOCK_BYTES, num_read)

    def _batches(self, block_bytes: int, first_row: int) -> Iterator[Any]:
        row = 0
        options = _reading(self._names, self._types, block_bytes, threads=False)
        try:
            with _stream(self._file) as source, pyarrow.csv.open_csv(source, **options) as reader:
                for batch in reader:
                    row += batch.num_rows
                    if row > first_row:
                        yield batch.slice(max(0, first_row - (row - batch.num_rows)))
        except pa.ArrowInvalid as error:
            if "straddling object" in str(error) and block_bytes < _BLOCK_BYTES:
                raise _LargeRowError from error
            raise _csv_error(str(error), self._types) from error


class _LargeRowError(Exception):
    """A row is larger than a block."""


def _first_block(file: Path) -> bytes:
    """Return the bytes by which columns are told, and one more where the file has more."""
    head = bytearray()
    with plain_bytes(file) as stream:
        while len(head) <= _BLOCK_BYTES and (piece := stream.read(_BLOCK_BYTES + 1 - len(head))):
            head += piece
    return bytes(head)


@contextmanager
def _stream(file: Path) -> Iterator[Any]:
    with plain_bytes(file) as stream:
        yield pa.OSFile(str(file)) if stream.compression is None else pa.PythonFile(stream, "r")


def _parse_csv(
    source: bytes | str, names: list[str] | None, types: dict[str, Any], *, threads: bool
) -> Any:
    return pyarrow.csv.read_csv(
        source if isinstance(source, str) else pa.BufferReader(source),
        **_reading(names, types, _BLOCK_BYTES, threads=threads),
    )


def _reading(
    names: list[str] | None, types: dict[str, Any], block_bytes: int, *, threads: bool
) -> dict[str, Any]:
    return {
        "read_options": pyarrow.csv.ReadOptions(
            block_size=block_bytes, column_names=names, use_threads=threads
        ),
        "parse_options": pyarrow.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types=types,
            include_columns=[*types],
            null_values=MISSING_NUMBERS,
            strings_can_be_null=False,
        ),
    }


def _csv_schema(source: bytes | str, names: list[str] | None, *, header: bool) -> Any:
    """Return the columns as pyarrow takes them to be by the first block of values."""
    with pyarrow.csv.open_csv(
        source if isinstance(source, str) else pa.BufferReader(source),
        read_options=pyarrow.csv.ReadOptions(
            block_size=_BLOCK_BYTES,
            column_names=names,
            autogenerate_column_names=not header and names is None,
            use_threads=False,  # for an error that knows its line
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(null_values=MISSING_NUMBERS),
    ) as reader:
        return reader.schema


def _csv_names(source: bytes | str, options: TableOptions) -> list[str] | None:
    """Name the columns of a file without a header; None: its header does."""
    if options.header:
        return None
    names: list[str] = _csv_schema(source, None, header=False).names
    known = [*(options.kinds or ())]
    return known if len(known) == len(names) else names  # known ones: all but the label


def _csv_types(
    source: bytes | str, names: list[str] | None, options: TableOptions
) -> dict[str, Any]:
    """Choose numbers or text for each column, by its first values where nobody said it."""
    types: dict[str, Any] = {}
    schema = _csv_schema(source, names, header=options.header)
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise DataFormatError(f"line 1: two columns are named {twice}; expected different names")
    for field in schema:
        kind = options.kind_of(field.name)
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        if kind is None:
            kind = "number" if is_number or pa.types.is_null(field.type) else "category"
        if options.only is None or field.name in options.only:
            types[field.name] = pa.float32() if kind == "number" else pa.string()
    return types


def _csv_error(message: str, types: Mapping[str, Any]) -> DataFormatError:
    found = _CSV_VALUE.fullmatch(message)
    if found is None:
        return DataFormatError(_CSV_ROW.sub(r"line \1: ", message))
    position, line, kind, complaint = found.groups()
    expected = "a number" if kind == "float" else "text in UTF-8"
    name = [*types][int(position)] if int(position) < len(types) else position
    return DataFormatError(f"line {line}, column {name}: {complaint}; expected {expected}")
