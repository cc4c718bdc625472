"""A file of packed blocks: written beside its name, complete or not there, checked when read."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError
from pairloom.formats.packed_rows import Packed

_MAGIC = b"PLBLOCK1"
_FOOTER = struct.Struct("<QQQI8s")  # where the index begins, its entries, bytes of facts, CRC-32
_ENTRY = np.dtype(
    [
        ("shard", "<u4"),
        ("compressed", "<u4"),
        ("part_begin", "<u8"),
        ("offset", "<u8"),
        ("record", "<i8"),
        ("position", "<u8"),
        ("num_bytes", "<u8"),
        ("checksum", "<u4"),
    ]
)


class CachedBlock(NamedTuple):
    """Which rows a block of the cache has: those of a block of a part of a shard.

    Attributes
    ----------
    shard
        Place of the shard among all.
    part_begin
        First byte of the part.
    offset, record
        Where the block begins in the shard.
    facts
        What else is to be told of it; empty when nothing is.
    """

    shard: int
    part_begin: int
    offset: int
    record: int
    facts: dict[str, Any]


class CacheWriter:
    """Writes a cache, which is there once `finish` has returned.

    Parameters
    ----------
    path
        Of the cache; a file beside it is written.
    key
        32 bytes that a reader must know.

    Raises
    ------
    BlockingIOError
        Another process writes the same cache.
    OSError
        The file cannot be made.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._partial = path.with_suffix(".partial")
        descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT, 0o644)
        self._file = open(descriptor, "wb", closefd=True)  # noqa: SIM115, PTH123  closed by `close`
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            self._file.write(_MAGIC + key)
        except OSError:
            self._file.close()
            raise
        self._position = len(_MAGIC) + len(key)
        self._entries: list[tuple[int, ...]] = []
        self._facts: list[tuple[int, dict[str, Any]]] = []

    def append(self, block: CachedBlock, packed: Packed) -> None:
        """Write the next block."""
        checksum = zlib.crc32(packed.content.data)
        place = (block.shard, int(packed.compressed), block.part_begin, block.offset, block.record)
        self._entries.append((*place, self._position, packed.num_bytes, checksum))
        if block.facts:
            self._facts.append((len(self._entries) - 1, block.facts))
        self._file.write(packed.content.data)
        self._position += packed.num_bytes

    def finish(self) -> None:
        """Write the index and give the file its name.

        Nobody waits for the disk: what a crash of the machine leaves undone, the checksums tell.
        """
        index = np.array(self._entries, _ENTRY).tobytes()
        facts = json.dumps(self._facts).encode()
        checksum = zlib.crc32(index + facts)
        count = len(self._entries)
        footer = _FOOTER.pack(self._position, count, len(facts), checksum, _MAGIC)
        self._file.write(index + facts + footer)
        self._file.flush()
        self._partial.replace(self._path)
        self._file.close()

    def abandon(self) -> None:
        """Take away what was written."""
        if not self._file.closed:
            self._partial.unlink(missing_ok=True)
            try:
                self._file.close()
            except OSError:  # what is still buffered finds no room either
                self._file.raw.close()


class CacheReader:
    """Reads a complete cache.

    Parameters
    ----------
    path
        Of the cache.
    key
        As it was written with.

    Raises
    ------
    FileNotFoundError
        There is none.
    DataFormatError
        It is another's, or damaged; says which.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        try:
            self._index, facts = _read_index(self._file.fileno(), key)
        except (DataFormatError, OSError):
            self._file.close()
            raise
        self._facts = dict(facts)
        self._checked = np.zeros(len(self._index), bool)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def blocks(self) -> list[CachedBlock]:
        """All blocks, in the order in which they were written."""
        columns = (self._index[name].tolist() for name in CachedBlock._fields[:-1])
        return [
            CachedBlock(shard, part_begin, offset, record, self._facts.get(number, {}))
            for number, (shard, part_begin, offset, record) in enumerate(zip(*columns, strict=True))
        ]

    def read(self, number: int) -> Packed:
        """Return a block, whose checksum is looked at once.

        Raises
        ------
        DataFormatError
            It is damaged.
        """
        entry = self._index[number]
        content = _read(self._file.fileno(), int(entry["position"]), int(entry["num_bytes"]))
        if not self._checked[number] and zlib.crc32(content) != entry["checksum"]:
            raise DataFormatError(f"{self._file.name}: block {number} has another checksum")
        self._checked[number] = True
        return Packed(np.frombuffer(content, np.uint8), compressed=bool(entry["compressed"]))


def _read_index(file: int, key: bytes) -> tuple[npt.NDArray[Any], list[tuple[int, dict[str, Any]]]]:
    size = os.fstat(file).st_size
    head = len(_MAGIC) + len(key)
    if size < head + _FOOTER.size or _read(file, 0, len(_MAGIC)) != _MAGIC:
        raise DataFormatError("not a cache of blocks")
    if _read(file, len(_MAGIC), len(key)) != key:
        raise DataFormatError("made of other data or settings")
    footer = _read(file, size - _FOOTER.size, _FOOTER.size)
    begin, count, num_fact_bytes, checksum, magic = _FOOTER.unpack(footer)
    num_bytes = count * _ENTRY.itemsize + num_fact_bytes
    if magic != _MAGIC or begin < head or begin + num_bytes + _FOOTER.size != size:
        raise DataFormatError("not complete")
    content = _read(file, begin, num_bytes)
    if zlib.crc32(content) != checksum:
        raise DataFormatError("its index is damaged")
    index = np.frombuffer(content, _ENTRY, count)
    return index, json.loads(content[count * _ENTRY.itemsize :])


def _read(file: int, position: int, num_bytes: int) -> bytes:
    content = os.pread(file, num_bytes, position)
    if len(content) != num_bytes:
        raise DataFormatError("the file ends early")
    return content
