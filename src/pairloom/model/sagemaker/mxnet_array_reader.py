"""Reader of MXNet's lists of named arrays; nothing in them is trusted."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array
from pairloom.model.sagemaker.member_stream import MemberStream
from pairloom.model.sagemaker.mxnet_arrays import (
    CSR,
    DENSE,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT64,
    LIST_MAGIC,
    ROW_SPARSE,
    V1_MAGIC,
    V2_MAGIC,
    V3_MAGIC,
    DenseArray,
    MxnetArray,
    RowIds,
    RowSparseArray,
)
from pairloom.runtime import physical_memory_bytes

_FLOATS = {FLOAT32: "<f4", FLOAT64: "<f8", FLOAT16: "<f2"}
_TYPE_NAMES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
_DEVICES = (1, 2, 3, 5)  # cpu, gpu, and two kinds of shared memory
_STORAGE_NAMES = {DENSE: "dense", ROW_SPARSE: "row_sparse", CSR: "csr"}
_MOST_NAME_BYTES = 1000
_MOST_DIMENSIONS = 2
_PIECE_VALUES = 1 << 20

Shape = tuple[int, ...]


def read_arrays(stream: MemberStream, *, most: int) -> dict[str, MxnetArray]:
    """Read a list of at most `most` named arrays of floating point numbers, as float32.

    Forms before MXNet 1.0 (dense arrays only) are read as well as today's.

    Raises
    ------
    DataFormatError
        The bytes are not such a list, or one that memory cannot hold.
    """
    _expect(stream, LIST_MAGIC, "the list's magic")
    _expect(stream, 0, "the reserved number")
    count = _count(stream, "the number of arrays", most)
    arrays = [_read_array(stream) for _ in range(count)]
    at = stream.offset
    if _count(stream, "the number of names", most) != count:
        raise stream.error(f"must name each of the {count} arrays", offset=at)
    named: dict[str, MxnetArray] = {}
    for array in arrays:
        at = stream.offset
        name = _read_name(stream)
        if name in named:
            raise stream.error(f"the name {name!r} is there twice", offset=at)
        named[name] = array
    stream.end()
    return named


def _expect(stream: MemberStream, wanted: int, what: str) -> None:
    at = stream.offset
    value = stream.number("Q", what)
    if value != wanted:
        raise stream.error(f"{what} must be {wanted:#x}; it is {value:#x}", offset=at)


def _count(stream: MemberStream, what: str, most: int) -> int:
    at = stream.offset
    count = stream.number("Q", what)
    if not 0 <= count <= most:
        raise stream.error(f"{what} must be at most {most}; it is {count:,}", offset=at)
    return count


def _read_name(stream: MemberStream) -> str:
    at = stream.offset
    length = stream.number("Q", "a name's length")
    if length > _MOST_NAME_BYTES:
        raise stream.error(f"a name's length must be at most 1,000; it is {length:,}", offset=at)
    at = stream.offset
    encoded = stream.take(length, "a name")
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise stream.error(f"a name must be UTF-8; it is {encoded!r}", offset=at) from error


def _read_array(stream: MemberStream) -> MxnetArray:
    at = stream.offset
    magic = stream.number("I", "an array's magic")
    if magic in (V2_MAGIC, V3_MAGIC):
        return _read_stored(stream, dense_only=magic == V3_MAGIC)
    if magic == V1_MAGIC:
        return _read_dense(stream, _read_shape(stream))
    if 1 <= magic <= _MOST_DIMENSIONS:  # of before there were magics, where it is the rank
        return _read_dense(stream, tuple(stream.number("I", "a shape") for _ in range(magic)))
    raise stream.error(
        f"an array's magic must be {V2_MAGIC:#x} or that of an older form; it is {magic:#x}",
        offset=at,
    )


def _read_stored(stream: MemberStream, *, dense_only: bool) -> MxnetArray:
    at = stream.offset
    storage = stream.number("i", "an array's storage type")
    if storage == DENSE:
        return _read_dense(stream, _read_shape(stream))
    if storage == ROW_SPARSE and not dense_only:
        return _read_row_sparse(stream)
    shown = _STORAGE_NAMES.get(storage, "unknown")
    raise stream.error(
        f"an array's storage must be dense{'' if dense_only else ' or row_sparse'}; "
        f"it is {storage} ({shown})",
        offset=at,
    )


def _read_dense(stream: MemberStream, shape: Shape) -> DenseArray:
    dtype = _read_context_and_type(stream)
    stream.need(prod(shape) * np.dtype(dtype).itemsize, f"an array of shape {shape}")
    values = _allocate(stream, shape)
    _fill_float32(stream, values.reshape(-1), dtype)
    return DenseArray(values)


def _read_row_sparse(stream: MemberStream) -> RowSparseArray:
    at = stream.offset
    stored_shape, shape = _read_shape(stream), _read_shape(stream)
    if stored_shape[1:] != shape[1:] or stored_shape[0] > shape[0]:
        raise stream.error(
            f"stored rows of shape {stored_shape} are not rows of an array of shape {shape}",
            offset=at,
        )
    dtype = _read_context_and_type(stream)
    num_stored = stored_shape[0]
    _check_row_ids_header(stream, num_stored)
    row_values = prod(shape[1:])
    stream.need(
        num_stored * (row_values * np.dtype(dtype).itemsize + 8), f"{num_stored:,} stored rows"
    )
    values = _allocate(stream, shape)
    _fill_float32(stream, values[:num_stored].reshape(-1), dtype)
    stored = _read_row_ids(stream, num_stored, shape[0])
    if num_stored == shape[0]:
        return RowSparseArray(values, None)
    _spread_rows(values, stored)
    return RowSparseArray(values, stored)


def _read_shape(stream: MemberStream) -> Shape:
    at = stream.offset
    rank = stream.number("I", "a shape's rank")
    if not 1 <= rank <= _MOST_DIMENSIONS:
        raise stream.error(
            f"an array must have 1 or {_MOST_DIMENSIONS} dimensions; it has {rank:,}", offset=at
        )
    shape = tuple(stream.number("q", "a shape") for _ in range(rank))
    if min(shape) < 0:
        raise stream.error(f"a shape must not be negative; it is {shape}", offset=at)
    return shape


def _read_context_and_type(stream: MemberStream) -> str:
    at = stream.offset
    device, device_id = stream.number("i", "a device"), stream.number("i", "a device's number")
    if device not in _DEVICES or device_id < 0:
        raise stream.error(
            f"a device must be one of {_DEVICES} with a number from 0; it is {device}, {device_id}",
            offset=at,
        )
    at = stream.offset
    type_flag = stream.number("i", "a type")
    if type_flag not in _FLOATS:
        known = _TYPE_NAMES[type_flag] if 0 <= type_flag < len(_TYPE_NAMES) else "unknown"
        raise stream.error(
            f"an array's type must be float32, float64 or float16; it is {type_flag} ({known})",
            offset=at,
        )
    return _FLOATS[type_flag]


def _check_row_ids_header(stream: MemberStream, num_stored: int) -> None:
    at = stream.offset
    type_flag, shape = stream.number("i", "the type of row ids"), _read_shape(stream)
    if type_flag != INT64 or shape != (num_stored,):
        raise stream.error(
            f"row ids must be int64 (6) of shape ({num_stored},); they are {type_flag} of {shape}",
            offset=at,
        )


def _allocate(stream: MemberStream, shape: Shape) -> Float32Array:
    num_bytes = prod(shape) * 4
    if num_bytes > physical_memory_bytes():
        raise stream.error(
            f"an array of shape {shape} takes {num_bytes:,} bytes; "
            f"this machine has {physical_memory_bytes():,}"
        )
    return np.zeros(shape, dtype=np.float32)


def _fill_float32(stream: MemberStream, values: Float32Array, dtype: str) -> None:
    if np.dtype(dtype) == np.float32:
        stream.fill(values, "an array's values")
        return
    piece = np.empty(min(len(values), _PIECE_VALUES), dtype=dtype)
    with np.errstate(over="ignore"):  # an infinity is found with the others
        for first in range(0, len(values), _PIECE_VALUES):
            part = piece[: min(_PIECE_VALUES, len(values) - first)]
            stream.fill(part, "an array's values")
            values[first : first + len(part)] = part


def _read_row_ids(stream: MemberStream, num_stored: int, num_rows: int) -> RowIds:
    start = stream.offset
    ids = np.empty(num_stored, dtype="<i8")
    stream.fill(ids, "row ids")
    last = -1
    for first in range(0, num_stored, _PIECE_VALUES):
        part = ids[first : first + _PIECE_VALUES]
        wrong = _first_wrong_id(part, last, num_rows)
        if wrong is not None:
            raise stream.error(
                f"row ids must ascend and be below {num_rows:,}; "
                f"number {first + wrong:,} is {part[wrong]:,}",
                offset=start + 8 * (first + wrong),
            )
        last = int(part[-1])
    return ids.astype(np.int64, copy=False)


def _first_wrong_id(ids: npt.NDArray[np.int64], before: int, num_rows: int) -> int | None:
    previous = np.concatenate((np.array([before]), ids[:-1]))
    wrong = np.flatnonzero((ids <= previous) | (ids >= num_rows))
    return int(wrong[0]) if len(wrong) else None


def _spread_rows(values: Float32Array, stored: RowIds) -> None:
    # Row i of those read belongs at stored[i], never before i: moved from the last one on, none
    # is overwritten before it has moved.
    for last in range(len(stored), 0, -_PIECE_VALUES):
        part = slice(max(0, last - _PIECE_VALUES), last)
        values[stored[part]] = values[part].copy()
    absent = np.ones(len(stored), dtype=bool)
    absent[stored[stored < len(stored)]] = False
    values[: len(stored)][absent] = 0
