"""Arrays as the three number types that record files carry: float32, float64 and int64."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataError

_WRITTEN_AS_THEY_ARE = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64))


def to_record_numbers(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Give `array` one of the three types, C-contiguous; any other dtype is converted and said."""
    written_as = _written_as(array.dtype, name)
    if array.dtype not in _WRITTEN_AS_THEY_ARE:
        message = f"{name} of dtype {array.dtype} are written as {written_as}"
        warnings.warn(message, UserWarning, stacklevel=4)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        message = f"{name}: {array.max()} is beyond the 32 bits of the widest integers of records"
        raise DataError(message)
    return np.ascontiguousarray(array, dtype=written_as)


def _written_as(dtype: np.dtype[Any], name: str) -> np.dtype[Any]:
    if dtype.kind not in "biuf":
        message = f"{name} of dtype {dtype} cannot be written; expected real numbers"
        raise DataError(message)
    if dtype == np.float64 or (dtype.kind == "f" and dtype.itemsize >= 8):
        return np.dtype(np.float64)
    if dtype.kind == "f" or np.can_cast(dtype, np.float32):
        return np.dtype(np.float32)
    return np.dtype(np.int64)
