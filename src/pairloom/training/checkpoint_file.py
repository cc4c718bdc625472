"""One checkpoint as a file: arrays one after the other, then what they are, all checksummed.

The header stands first and is written last: magic, format version, checksum, and where the JSON
text begins. The text, which ends the file, holds the run's content and the table of arrays.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError

# As PNG's: no text begins so, and a transfer that rewrites line ends is found out.
MAGIC = b"\x89PLCKP\r\n"
FORMAT_VERSION = 1

_HEADER = struct.Struct("<8sIIQ")
_PIECE_BYTES = 1 << 22
_TYPES = ("<f4", "|b1", "<i8", "<u4", "<u2", "|u1")


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    checksum: int

    @property
    def num_bytes(self) -> int:
        return prod(self.shape) * np.dtype(self.dtype).itemsize


def write_checkpoint(
    path: Path, content: Mapping[str, Any], arrays: Iterable[tuple[str, npt.NDArray[Any]]]
) -> None:
    """Write the file and wait until the disk has it; arrays are asked for one at a time."""
    with path.open("wb") as file:
        file.write(bytes(_HEADER.size))
        sections = [_write_array(file, name, array) for name, array in arrays]
        text = json.dumps(
            {"content": content, "arrays": [asdict(section) for section in sections]},
            separators=(",", ":"),
        ).encode()
        position = file.tell()
        file.write(text)
        file.seek(0)
        file.write(_HEADER.pack(MAGIC, FORMAT_VERSION, _checksum(position, text), position))
        file.flush()
        os.fsync(file.fileno())


class CheckpointFile:
    """A checkpoint whose every byte was checked when it was opened.

    Raises
    ------
    DataFormatError
        The file is no checkpoint, or damaged; names the byte, the rule and the value.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                text = _read_text(file)
                self.content, self._sections = _parse(text)
                _check_sections(file, self._sections.values(), len(text))
        except DataFormatError as error:
            raise DataFormatError(f"{path}: {error}") from error

    def array(self, name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return an array, which must have this type and shape."""
        section = self._sections.get(name)
        wanted = np.dtype(dtype).newbyteorder("<")
        if section is None or (section.shape, np.dtype(section.dtype)) != (shape, wanted):
            found = "missing" if section is None else f"{section.dtype} of shape {section.shape}"
            raise DataFormatError(
                f"{self.path}: the array {name} is {found}; expected {wanted.str} of shape {shape}"
            )
        return np.fromfile(
            self.path, dtype=section.dtype, count=prod(shape), offset=section.offset
        ).reshape(shape)


def _write_array(file: BinaryIO, name: str, array: npt.NDArray[Any]) -> _Section:
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    content = stored.reshape(-1).view(np.uint8).data
    section = _Section(name, stored.dtype.str, array.shape, file.tell(), zlib.crc32(content))
    file.write(content)
    return section


def _checksum(position: int, text: bytes) -> int:
    return zlib.crc32(text, zlib.crc32(struct.pack("<Q", position)))


def _read_text(file: BinaryIO) -> bytes:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise DataFormatError(f"truncated: {len(header)} bytes; the header has {_HEADER.size}")
    magic, version, checksum, position = _HEADER.unpack(header)
    if magic != MAGIC:
        raise DataFormatError(f"byte 0: begins with {magic!r}; a checkpoint with {MAGIC!r}")
    if version != FORMAT_VERSION:
        raise DataFormatError(f"byte 8: format version {version}; this reads {FORMAT_VERSION}")
    size = os.fstat(file.fileno()).st_size
    if not _HEADER.size <= position <= size:
        raise DataFormatError(f"byte 16: its text begins at byte {position} of {size}")
    file.seek(position)
    text = file.read()
    if _checksum(position, text) != checksum:
        raise DataFormatError(
            f"byte 12: checksum {checksum:#010x}; its text gives {_checksum(position, text):#010x}"
        )
    return text


def _parse(text: bytes) -> tuple[dict[str, Any], dict[str, _Section]]:
    try:
        parsed = json.loads(text)
        content = dict(parsed["content"])
        sections = [
            _Section(**{**entry, "shape": tuple(entry["shape"])}) for entry in parsed["arrays"]
        ]
        wrong = [section for section in sections if not _can_be(section)]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataFormatError(f"its text is none of a checkpoint: {error!r}") from error
    if wrong:
        raise DataFormatError(f"no array can be {wrong[0]}")
    return content, {section.name: section for section in sections}


def _can_be(section: _Section) -> bool:
    numbers = (*section.shape, section.offset, section.checksum)
    return section.dtype in _TYPES and all(
        type(number) is int and number >= 0 for number in numbers
    )


def _check_sections(file: BinaryIO, sections: Iterable[_Section], text_bytes: int) -> None:
    expected = _HEADER.size
    for section in sections:
        if section.offset != expected:
            raise DataFormatError(
                f"the array {section.name} begins at byte {section.offset}; expected {expected}"
            )
        expected += section.num_bytes
    size = os.fstat(file.fileno()).st_size
    if expected + text_bytes != size:
        raise DataFormatError(f"{size} bytes; its parts have {expected + text_bytes}")
    file.seek(_HEADER.size)
    for section in sections:
        checksum = _checksum_of(file, section.num_bytes)
        if checksum != section.checksum:
            raise DataFormatError(
                f"byte {section.offset}: the array {section.name} has the checksum "
                f"{checksum:#010x}; expected {section.checksum:#010x}"
            )


def _checksum_of(file: BinaryIO, num_bytes: int) -> int:
    checksum = 0
    while num_bytes:
        piece = file.read(min(num_bytes, _PIECE_BYTES))
        if not piece:
            raise DataFormatError("the file ends inside an array")
        checksum = zlib.crc32(piece, checksum)
        num_bytes -= len(piece)
    return checksum
