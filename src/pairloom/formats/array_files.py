"""Rows in NumPy's own files: `.npy` and `.npz`, dense or as SciPy saves a CSR matrix.

A `.npz` holds dense rows as `values`, or sparse rows as `data`, `indices`, `indptr`, `shape` and
`format`, which `scipy.sparse.save_npz` writes and `scipy.sparse.load_npz` reads; beside them
`labels` and `weights`, where rows have them. A `.npy` holds the values of dense rows and no more.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom.batch import FeatureIds, Float32Array, RowBatch
from pairloom.errors import DataFormatError, UserError

NPY_MAGIC = b"\x93NUMPY"
NPZ_MAGIC = b"PK\x03\x04"
SPARSE_NAMES = ("data", "indices", "indptr", "shape")
INT32_MAX = np.iinfo(np.int32).max

# What NumPy, zip and zlib raise on bytes that are not theirs.
_DAMAGED = (
    ValueError,
    EOFError,
    NotImplementedError,
    SyntaxError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

AnyArray = npt.NDArray[Any]


def is_array_file(path: Path) -> bool:
    """Say by a file's first bytes whether NumPy wrote it."""
    with path.open("rb") as file:
        return file.read(len(NPY_MAGIC)).startswith((NPY_MAGIC, NPZ_MAGIC))


def read_array_file(path: Path) -> RowBatch:
    """Return the rows of a `.npy` or `.npz` file; other number types become float32.

    Raises
    ------
    DataFormatError
        When an array is missing, has the wrong shape or type, or holds what is not finite.
    """
    arrays = _load(path)
    try:
        if "values" in arrays:
            return _dense_rows(arrays)
        return _sparse_rows(arrays)
    except ValueError as error:
        raise DataFormatError(f"{path}: {error}") from error


def write_array_file(path: Path, rows: RowBatch) -> None:
    """Write rows as `.npy` or `.npz`, by the path's suffix."""
    if path.suffix == ".npz":
        with path.open("wb") as file:
            np.savez(file, **_named_arrays(rows))
        return
    for what, lost in (("labels", rows.labels), ("weights", rows.weights)):
        if lost is not None:
            raise UserError(f"{path}: a .npy file cannot hold {what}; write a .npz instead")
    if rows.values is None or not rows.is_dense:
        raise UserError(f"{path}: a .npy file cannot hold sparse rows; write a .npz instead")
    with path.open("wb") as file:
        np.save(file, rows.values)


def read_labels(path: Path) -> Float32Array:
    """Return the one array of a `.npy` file as labels."""
    arrays = _load(path)
    try:
        return _float32("values", arrays["values"], 1)
    except (KeyError, ValueError) as error:
        raise DataFormatError(f"{path}: labels must be one array, as .npy: {error}") from error


def _load(path: Path) -> Mapping[str, AnyArray]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else {"values": loaded}
    except _DAMAGED as error:
        raise DataFormatError(f"{path}: not a readable NumPy file: {error}") from error


def _dense_rows(arrays: Mapping[str, AnyArray]) -> RowBatch:
    values = _float32("values", arrays["values"], 2)
    return RowBatch(values.shape[1], values=values, **_beside(arrays, len(values)))


def _sparse_rows(arrays: Mapping[str, AnyArray]) -> RowBatch:
    missing = [name for name in SPARSE_NAMES if name not in arrays]
    if missing:
        raise ValueError(
            f"holds {', '.join(arrays) or 'nothing'}; expected values of dense rows, or "
            f"{', '.join(SPARSE_NAMES)} of a CSR matrix, of which {', '.join(missing)} is missing"
        )
    layout = arrays.get("format", np.array(b"csr")).item()
    if layout not in {b"csr", "csr"}:
        raise ValueError(f"format is {layout!r}; expected 'csr', so save `matrix.tocsr()`")
    num_rows, feature_dim = _shape(arrays["shape"])
    values = _float32("data", arrays["data"], 1)
    offsets = _offsets(arrays["indptr"], num_rows, len(values))
    feature_ids = _feature_ids(arrays["indices"], feature_dim, len(values))
    order = _ascending_order(feature_ids, offsets)
    if order is not None:
        feature_ids, values = feature_ids[order], values[order]
    _refuse_duplicates(feature_ids, offsets)
    return RowBatch(
        feature_dim,
        row_offsets=offsets,
        feature_ids=feature_ids,
        values=values,
        **_beside(arrays, num_rows),
    )


def _beside(arrays: Mapping[str, AnyArray], num_rows: int) -> dict[str, Any]:
    beside = {
        name: _float32(name, arrays[name], 1) for name in ("labels", "weights") if name in arrays
    }
    for name, array in beside.items():
        if len(array) != num_rows:
            raise ValueError(f"{name} has {len(array)} entries; expected {num_rows}, one per row")
    return beside


def _float32(name: str, array: AnyArray, num_dimensions: int) -> Float32Array:
    if array.ndim != num_dimensions:
        raise ValueError(f"{name} has shape {array.shape}; expected {num_dimensions} dimension(s)")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has type {array.dtype}; expected real numbers")
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(array, np.float32)
    finite = np.isfinite(converted)
    if not finite.all():
        position = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise ValueError(
            f"{name}{list(position)} is {array[position]}; expected a finite float32 number"
        )
    return converted


def _shape(shape: AnyArray) -> tuple[int, int]:
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 0:
        raise ValueError(f"shape is {shape.tolist()}; expected numbers of rows and of features")
    return int(shape[0]), int(shape[1])


def _offsets(indptr: AnyArray, num_rows: int, num_values: int) -> npt.NDArray[np.int64]:
    if indptr.dtype.kind not in "iu" or indptr.shape != (num_rows + 1,):
        raise ValueError(
            f"indptr has shape {indptr.shape} and type {indptr.dtype}; "
            f"expected {num_rows + 1} integers for {num_rows} rows"
        )
    offsets = np.ascontiguousarray(indptr, np.int64)
    if offsets[0] != 0 or offsets[-1] != num_values or np.any(np.diff(offsets) < 0):
        raise ValueError(f"indptr must rise from 0 to the {num_values} values of data")
    return offsets


def _feature_ids(indices: AnyArray, feature_dim: int, num_values: int) -> FeatureIds:
    if indices.dtype.kind not in "iu" or indices.shape != (num_values,):
        raise ValueError(
            f"indices has shape {indices.shape} and type {indices.dtype}; "
            f"expected {num_values} integers, one per value of data"
        )
    outside = (indices < 0) | (indices >= feature_dim)
    if outside.any():
        position = int(np.argmax(outside))
        raise ValueError(
            f"indices[{position}] is {indices[position]}; expected 0 to {feature_dim - 1}"
        )
    if feature_dim - 1 <= INT32_MAX:
        return np.ascontiguousarray(indices, np.int32)
    return np.ascontiguousarray(indices, np.int64)


def _ascending_order(
    feature_ids: FeatureIds, offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.intp] | None:
    """Return the order that sorts each row's ids, or None when they are sorted."""
    falls = np.diff(feature_ids) < 0
    starts = offsets[1:-1]
    falls[starts[(starts > 0) & (starts < len(feature_ids))] - 1] = False
    if not falls.any():
        return None
    return np.lexsort((feature_ids, _row_numbers(offsets)))


def _refuse_duplicates(feature_ids: FeatureIds, offsets: npt.NDArray[np.int64]) -> None:
    repeats = np.diff(feature_ids) == 0
    if not repeats.any():
        return
    rows = _row_numbers(offsets)
    repeats &= rows[1:] == rows[:-1]
    if repeats.any():
        position = int(np.argmax(repeats))
        raise ValueError(
            f"row {rows[position]} holds feature {feature_ids[position]} twice; "
            f"`matrix.sum_duplicates()` adds them up"
        )


def _row_numbers(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _named_arrays(rows: RowBatch) -> dict[str, Any]:
    arrays = _named_values(rows)
    if rows.labels is not None:
        arrays["labels"] = rows.labels
    if rows.weights is not None:
        arrays["weights"] = rows.weights
    return arrays


def _named_values(rows: RowBatch) -> dict[str, Any]:
    if rows.row_offsets is None or rows.feature_ids is None:
        return {"values": np.asarray(rows.values)}
    first, last = int(rows.row_offsets[0]), int(rows.row_offsets[-1])
    ones = np.ones(last - first, np.float32)
    return {
        "format": np.array(b"csr"),
        "shape": np.array([rows.num_rows, rows.feature_dim]),
        "indptr": rows.row_offsets - first,
        "indices": rows.feature_ids[first:last],
        "data": ones if rows.values is None else rows.values[first:last],
    }
