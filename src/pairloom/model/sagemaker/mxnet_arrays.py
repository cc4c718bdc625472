"""Lists of named arrays in the form of MXNet's `.params` files: what they are, and the writer.

The layout is that of MXNet 1.x: a list magic, the arrays, then their names. Every array has a
header (magic, storage, shapes, device, type) and its values; a row-sparse one holds some of its
rows, and which ones, after them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array

LIST_MAGIC = 0x112
V1_MAGIC = 0xF993FAC8
V2_MAGIC = 0xF993FAC9
V3_MAGIC = 0xF993FACA
DENSE, ROW_SPARSE, CSR = range(3)
CPU = 1
FLOAT32, FLOAT64, FLOAT16, INT64 = 0, 1, 2, 6

_PIECE_ROWS_BYTES = 1 << 22

RowIds: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DenseArray:
    """An array whose values are all stored."""

    values: Float32Array


@dataclass(frozen=True, slots=True)
class RowSparseArray:
    """A matrix of which a file stores some rows; those that it does not store are zero.

    Attributes
    ----------
    values
        Every row, (num_rows, width).
    stored
        Ids of the rows that are stored, ascending; None when all are.
    """

    values: Float32Array
    stored: RowIds | None

    @property
    def num_stored(self) -> int:
        return len(self.values) if self.stored is None else len(self.stored)


MxnetArray: TypeAlias = DenseArray | RowSparseArray


def write_arrays(file: BinaryIO, arrays: Mapping[str, MxnetArray]) -> None:
    """Write a list of named arrays, a few megabytes at a time."""
    for piece in _list_pieces(arrays):
        file.write(piece)


def arrays_size(arrays: Mapping[str, MxnetArray]) -> int:
    """Return how many bytes `write_arrays` writes."""
    names = sum(8 + len(name.encode()) for name in arrays)
    return 24 + sum(_array_size(array) for array in arrays.values()) + 8 + names


def _list_pieces(arrays: Mapping[str, MxnetArray]) -> Iterator[bytes | memoryview]:
    yield struct.pack("<QQQ", LIST_MAGIC, 0, len(arrays))
    for array in arrays.values():
        yield _header(array)
        yield from _values(array)
    yield struct.pack("<Q", len(arrays))
    for name in arrays:
        encoded = name.encode()
        yield struct.pack("<Q", len(encoded)) + encoded


def _header(array: MxnetArray) -> bytes:
    context_and_type = struct.pack("<iii", CPU, 0, FLOAT32)
    shape = _shape(array.values.shape)
    if isinstance(array, DenseArray):
        return struct.pack("<Ii", V2_MAGIC, DENSE) + shape + context_and_type
    stored = _shape((array.num_stored, *array.values.shape[1:]))
    ids = struct.pack("<i", INT64) + _shape((array.num_stored,))
    return struct.pack("<Ii", V2_MAGIC, ROW_SPARSE) + stored + shape + context_and_type + ids


def _shape(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<I{len(shape)}q", len(shape), *shape)


def _values(array: MxnetArray) -> Iterator[memoryview]:
    if isinstance(array, DenseArray):
        yield _bytes_of(array.values, "<f4")
        return
    width = array.values[:1].nbytes or 4
    for first in range(0, array.num_stored, _piece_rows(width)):
        rows = slice(first, min(first + _piece_rows(width), array.num_stored))
        chosen = rows if array.stored is None else array.stored[rows]
        yield _bytes_of(array.values[chosen], "<f4")
    for first in range(0, array.num_stored, _piece_rows(8)):
        last = min(first + _piece_rows(8), array.num_stored)
        ids = np.arange(first, last) if array.stored is None else array.stored[first:last]
        yield _bytes_of(ids, "<i8")


def _piece_rows(row_bytes: int) -> int:
    return max(1, _PIECE_ROWS_BYTES // row_bytes)


def _bytes_of(values: npt.NDArray[Any], dtype: str) -> memoryview:
    return np.ascontiguousarray(values, dtype=dtype).reshape(-1).view(np.uint8).data


def _array_size(array: MxnetArray) -> int:
    if isinstance(array, DenseArray):
        return len(_header(array)) + array.values.size * 4
    row_bytes = int(np.prod(array.values.shape[1:])) * 4 + 8
    return len(_header(array)) + array.num_stored * row_bytes
