"""Forward reading of one member of an archive, in which every failure names place and offset."""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError

_PIECE_BYTES = 1 << 22
# What zip and zlib raise on bytes that are not theirs.
_DAMAGED = (BadZipFile, EOFError, ValueError, zlib.error)


class MemberStream:
    """Reads little-endian values one after the other, never beyond the size that is declared.

    Parameters
    ----------
    file
        Open at the member's first byte.
    place
        What errors name: the file and the member.
    num_bytes
        The member's size as its archive declares it.
    """

    def __init__(self, file: BinaryIO, place: str, num_bytes: int) -> None:
        self._file = file
        self._place = place
        self._num_bytes = num_bytes
        self.offset = 0

    @property
    def remaining(self) -> int:
        return self._num_bytes - self.offset

    def error(self, rule: str, *, offset: int | None = None) -> DataFormatError:
        """Return an error at an offset, by default that of the next byte."""
        at = self.offset if offset is None else offset
        return DataFormatError(f"{self._place}, offset {at:,}: {rule}")

    def take(self, num_bytes: int, what: str) -> bytes:
        """Return the next bytes."""
        self.need(num_bytes, what)
        pieces = []
        missing = num_bytes
        while missing:
            piece = self._read(min(missing, _PIECE_BYTES), what)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def fill(self, array: npt.NDArray[Any], what: str) -> None:
        """Read the next bytes into a contiguous array."""
        target = array.reshape(-1).view(np.uint8).data
        self.need(len(target), what)
        done = 0
        while done < len(target):
            piece = self._read(min(len(target) - done, _PIECE_BYTES), what)
            target[done : done + len(piece)] = piece
            done += len(piece)

    def number(self, layout: str, what: str) -> int:
        """Return the next integer: `I`, `i`, `Q` or `q` in the notation of `struct`."""
        value: int
        (value,) = struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}"), what))
        return value

    def need(self, num_bytes: int, what: str) -> None:
        """Raise unless so many bytes are left."""
        if num_bytes > self.remaining:
            raise self.error(f"{what} needs {num_bytes:,} bytes; {self.remaining:,} are left")

    def end(self) -> None:
        """Raise unless the member ends here, with the checksum that its archive gives."""
        if self.remaining:
            raise self.error(f"{self.remaining:,} bytes follow where the member should end")
        try:
            self._file.read(1)  # at the end, where zip compares its checksum
        except _DAMAGED as error:
            raise self.error(str(error)) from error

    def _read(self, num_bytes: int, what: str) -> bytes:
        try:
            piece = self._file.read(num_bytes)
        except _DAMAGED as error:
            raise self.error(f"{what}: {error}") from error
        if not piece:
            raise self.error(f"the file ends inside {what}")
        self.offset += len(piece)
        return piece
