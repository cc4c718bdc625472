"""One of the files that rows come from, wherever it lies."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pairloom.data.fifo_stream import FifoStream
from pairloom.errors import DataError
from pairloom.formats.byte_files import name_of
from pairloom.formats.compression import PlainBytes

_SKIPPED_BYTES = 1 << 20
_LOOKED_AT_BYTES = 1 << 16


class ByteStream(Protocol):
    """What bytes are read from."""

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next, at least a byte; 0 at the end."""
        ...


class Shard(Protocol):
    """A file to read rows from.

    Attributes
    ----------
    name
        What messages call it.
    num_bytes
        As it lies there, compressed or not; 0 when nobody knows.
    """

    @property
    def name(self) -> str: ...

    @property
    def num_bytes(self) -> int: ...

    def version(self) -> str:
        """Return something that is another for other bytes, as far as a quick look can tell."""
        ...

    def written_at(self) -> str:
        """Return when it was written, as far as its place tells beyond its version."""
        ...

    def splits(self) -> bool:
        """Say whether it can be read from any byte on without what is before."""
        ...

    def prepare(self, offset: int, expected_end: int) -> None:
        """Begin to read, where that pays: the shard is opened there before long."""
        ...

    def open(
        self, offset: int, stop_requested: Callable[[], bool], expected_end: int
    ) -> AbstractContextManager[ByteStream]:
        """Open the bytes, decompressed, from an offset on; few are read beyond `expected_end`.

        What has to be waited for is waited for until `stop_requested` returns true: then
        RowsInterruptedError is raised, as when it is read from.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileShard:
    """A file of the machine, or what can be opened as one."""

    path: Path

    @property
    def name(self) -> str:
        return name_of(self.path)

    @property
    def num_bytes(self) -> int:
        return self.path.stat().st_size

    def version(self) -> str:
        """Return size and a checksum of the first and the last bytes."""
        with self.path.open("rb") as file:
            checksum = zlib.crc32(file.read(_LOOKED_AT_BYTES))
            file.seek(max(0, self.num_bytes - _LOOKED_AT_BYTES))
            checksum = zlib.crc32(file.read(_LOOKED_AT_BYTES), checksum)
        return f"{self.num_bytes} {checksum:08x}"

    def written_at(self) -> str:
        """Return the time of the last change of its content, in nanoseconds."""
        return str(self.path.stat().st_mtime_ns)

    def splits(self) -> bool:
        """Say whether it is not compressed."""
        if not self.path.is_file():
            return False
        with self.path.open("rb", buffering=0) as file:
            return PlainBytes(file, self.name).compression is None

    def prepare(self, offset: int, expected_end: int) -> None:
        """Do nothing: the system reads ahead by itself."""

    @contextmanager
    def open(
        self,
        offset: int,
        stop_requested: Callable[[], bool],  # noqa: ARG002
        expected_end: int,  # noqa: ARG002
    ) -> Iterator[ByteStream]:
        """Open the bytes, decompressed, from an offset on."""
        with self.path.open("rb", buffering=0) as file:
            stream = PlainBytes(file, self.name)
            if stream.compression is None and offset > 0:
                file.seek(offset)
                yield file
                return
            skip_bytes(stream, offset, self.name)
            yield stream


@dataclass(frozen=True, slots=True)
class FifoShard:
    """A fifo, read once from its beginning; what was read before is passed over."""

    path: Path
    wait_seconds: float
    num_bytes: int = 0

    @property
    def name(self) -> str:
        return str(self.path)

    def version(self) -> str:
        """Say nothing: a fifo's bytes are known once they were read."""
        return "fifo"

    def written_at(self) -> str:
        """Say nothing: its bytes are written while they are read."""
        return ""

    def splits(self) -> bool:
        """Deny it: a fifo is read from its beginning."""
        return False

    def prepare(self, offset: int, expected_end: int) -> None:
        """Do nothing: a fifo that is opened must be read."""

    @contextmanager
    def open(
        self,
        offset: int,
        stop_requested: Callable[[], bool],
        expected_end: int,  # noqa: ARG002
    ) -> Iterator[ByteStream]:
        """Open the bytes, decompressed, from an offset on."""
        with FifoStream(
            self.path, wait_seconds=self.wait_seconds, stop_requested=stop_requested
        ) as fifo:
            stream = PlainBytes(fifo, self.name)
            skip_bytes(stream, offset, self.name)
            yield stream


def skip_bytes(stream: ByteStream, count: int, name: str) -> None:
    """Read so many bytes of a stream that cannot be read from the middle.

    Raises
    ------
    DataError
        It has fewer.
    """
    buffer = memoryview(bytearray(min(count, _SKIPPED_BYTES)))
    left = count
    while left:
        found = stream.readinto(buffer[:left])
        if not found:
            raise DataError(f"{name}: {count - left} bytes; training is to go on from byte {count}")
        left -= found
