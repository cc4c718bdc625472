"""Files as pieces of bytes: which ones a source stands for, and their bytes in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.formats.compression import PlainBytes
from pairloom.formats.shards import list_shards

Source: TypeAlias = str | Path | BinaryIO
ByteFile: TypeAlias = Path | BinaryIO

_READ_BYTES = 1 << 20


class BytesReader(Protocol):
    """What the core's readers of files have in common."""

    def begin_file(self, name: str) -> None: ...

    def feed(self, piece: npt.NDArray[np.uint8]) -> None: ...

    def end_file(self) -> None: ...


def list_files(sources: Source | Sequence[Source]) -> list[ByteFile]:
    """List the files that a source stands for: itself, a folder's shards, or each of several."""
    if isinstance(sources, str) or not isinstance(sources, Sequence):
        sources = [sources]
    files: list[ByteFile] = []
    for source in sources:
        if isinstance(source, (str, Path)):
            files.extend(list_shards(Path(source)))
        else:
            files.append(source)
    return files


def name_of(file: ByteFile) -> str:
    """Name a file in messages."""
    name = file if isinstance(file, Path) else getattr(file, "name", "<stream>")
    return str(name).encode("utf-8", "backslashreplace").decode()


def names_of(files: Sequence[ByteFile]) -> str:
    """Name several files in one message."""
    return ", ".join(map(name_of, files)) or "an empty list of files"


def size_of(files: Sequence[ByteFile]) -> int:
    """Add up the bytes of those files whose size is known."""
    return sum(file.stat().st_size for file in files if isinstance(file, Path))


def feed_all(reader: BytesReader, files: Sequence[ByteFile]) -> None:
    """Give a reader the bytes of files, decompressed, one after the other."""
    for _ in feed_pieces(reader, files):
        pass


def feed_pieces(reader: BytesReader, files: Sequence[ByteFile]) -> Iterator[None]:
    """Do so and stop after each piece, for what was read of it to be taken."""
    buffer = np.empty(_READ_BYTES, np.uint8)
    for file in files:
        with plain_bytes(file) as stream:
            reader.begin_file(name_of(file))
            while count := stream.readinto(buffer):
                reader.feed(buffer[:count])
                yield
            reader.end_file()
            yield


@contextmanager
def plain_bytes(file: ByteFile) -> Iterator[PlainBytes]:
    """Open a file's bytes, decompressed; an open file stays open."""
    if isinstance(file, Path):
        with file.open("rb", buffering=0) as opened:
            yield PlainBytes(opened, name_of(file))
    else:
        yield PlainBytes(file, name_of(file))


def path_or_content(file: ByteFile) -> str | bytes:
    """Return a path whose bytes are the content as it lies there, otherwise the content."""
    with plain_bytes(file) as stream:
        if stream.compression is None and isinstance(file, Path) and file.is_file():
            return str(file)
        return stream.read()
