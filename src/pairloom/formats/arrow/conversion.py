"""Arrow's columns as NumPy arrays of numbers or of texts and codes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pairloom.errors import DataError
from pairloom.formats.columns import CategoryColumn, Column, NumberColumn, Table, Texts
from pairloom.formats.table_options import TableOptions

ArrowColumn: TypeAlias = Any

_WHOLE_IN_DOUBLE = 2.0**53


def one_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split())


def to_table(table: Any, name: str, options: TableOptions, first_row: int = 0) -> Table:
    """Take the columns out of an Arrow table, or of a piece of one."""
    columns = tuple(
        _to_column(f"{name}: column {column_name}", column_name, table[column_name], options)
        for column_name in table.column_names
    )
    return Table(name, table.num_rows, columns, first_row)


def _to_column(place: str, name: str, column: ArrowColumn, options: TableOptions) -> Column:
    kind = options.kind_of(name)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):  # of no chunk, or of dictionaries
        column = pa.chunked_array(column.unify_dictionaries()).combine_chunks()
    try:
        if _is_list(column.type):
            lengths = pc.fill_null(pc.list_value_length(column), 0).cast(pa.int64())
            offsets = np.concatenate(([0], np.cumsum(_numpy(lengths))))
            texts, codes = _categories(place, pc.list_flatten(column), in_list=True)
            return CategoryColumn(name, texts, codes, offsets)
        if kind == "category" or (kind is None and not _is_number(column.type)):
            texts, codes = _categories(place, column, in_list=kind == "category")
            return CategoryColumn(name, texts, codes)
        return NumberColumn(name, _numbers(place, column))
    except pa.ArrowException as error:
        raise DataError(f"{place}: {one_line(error)}") from error


def _is_list(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_number(kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
    )


def _numbers(place: str, column: ArrowColumn) -> npt.NDArray[np.float32]:
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan, np.float32)
    if not _is_number(column.type):
        raise DataError(f"{place} is {column.type}; expected numbers")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    doubles = column.cast(pa.float64(), safe=False)
    with np.errstate(over="ignore"):
        return _numpy(pc.fill_null(doubles, np.nan)).astype(np.float32)


def _categories(
    place: str, column: ArrowColumn, *, in_list: bool
) -> tuple[Texts, npt.NDArray[np.int64]]:
    """Return distinct texts and each value's position among them."""
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(_whole(place, column), null_encoding="mask")
    codes = _numpy(pc.fill_null(column.indices.cast(pa.int64()), -1))
    values = column.dictionary
    kind = values.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (is_text or pa.types.is_string_view(kind) or pa.types.is_null(kind)):
        if not in_list and not pa.types.is_integer(kind):
            raise DataError(
                f"{place} is {kind}; expected numbers, text, or lists of whole numbers or text"
            )
        values = _whole(place, values)
    return _texts(pc.fill_null(values.cast(pa.large_string()), "")), codes


def _whole(place: str, column: ArrowColumn) -> ArrowColumn:
    """Turn floats into integers: pandas stores whole numbers so when one is missing."""
    if not pa.types.is_floating(column.type):
        return column
    doubles = pc.if_else(pc.is_nan(column), None, column).cast(pa.float64())
    numbers = _numpy(pc.fill_null(doubles, 0))
    wrong = np.flatnonzero((numbers != np.floor(numbers)) | (np.abs(numbers) > _WHOLE_IN_DOUBLE))
    if len(wrong):
        value = float(numbers[wrong[0]])
        raise DataError(f"{place}: a category holds {value!r}; expected whole numbers or text")
    return doubles.cast(pa.int64())


def _texts(array: Any) -> Texts:
    array.validate(full=True)  # bytes that are no UTF-8
    _, offsets, data = array.buffers()
    begin, size = array.offset, len(array)
    content = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    if size == 0:
        return Texts(content, np.zeros(1, np.int64))
    return Texts(content, np.frombuffer(offsets, np.int64)[begin : begin + size + 1])


def _numpy(array: Any) -> npt.NDArray[Any]:
    return np.asarray(array.to_numpy(zero_copy_only=False))
