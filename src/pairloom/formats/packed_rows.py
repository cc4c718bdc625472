"""Rows packed for a later epoch: a fraction of their files' bytes, and quick to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import Rows, pack_rows, unpack_rows
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError
from pairloom.formats.compression import zstd_if_installed

PackedBytes: TypeAlias = npt.NDArray[np.uint8]

# Numbers other than ones compress well or hardly at all; unpacking must be worth its time.
_LEAST_GAIN = 0.8
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows in few bytes.

    Attributes
    ----------
    content
        What `pack_rows` of the core wrote.
    compressed
        Whether by zstd on top.
    """

    content: PackedBytes
    compressed: bool

    @property
    def num_bytes(self) -> int:
        return self.content.nbytes


def pack(rows: RowBatch, checked: Rows) -> Packed:
    """Return rows in few bytes.

    Parameters
    ----------
    rows
        With labels, the ids of each row ascending.
    checked
        The same, as the core borrows them.
    """
    content = pack_rows(checked)
    zstd = zstd_if_installed()
    if rows.values is None or zstd is None:
        return Packed(content, compressed=False)
    compressed = zstd.compress(content, _LEVEL)
    if len(compressed) > _LEAST_GAIN * len(content):
        return Packed(content, compressed=False)
    return Packed(np.frombuffer(compressed, np.uint8), compressed=True)


def unpack(packed: Packed) -> RowBatch:
    """Return the rows that `pack` was given.

    Raises
    ------
    DataFormatError
        The bytes are not what it returned, or zstd is not installed any more.
    """
    content = packed.content
    if packed.compressed:
        zstd = zstd_if_installed()
        if zstd is None:
            raise DataFormatError("packed rows: zstd, which they were packed with, is missing")
        try:
            content = np.frombuffer(zstd.decompress(content), np.uint8)
        except zstd.ZstdError as error:
            raise DataFormatError(f"packed rows: {error}") from error
    return RowBatch(**unpack_rows(content))
