"""Files as pieces of bytes: which ones a source stands for, and their bytes in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

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
    """Give a reader the bytes of files, one after the other."""
    buffer = np.empty(_READ_BYTES, np.uint8)
    for file in files:
        if isinstance(file, Path):
            with file.open("rb", buffering=0) as stream:
                _feed(reader, stream, name_of(file), buffer)
        else:
            _feed(reader, file, name_of(file), buffer)


def _feed(reader: BytesReader, file: Any, name: str, buffer: npt.NDArray[np.uint8]) -> None:
    reader.begin_file(name)
    while count := file.readinto(buffer):
        reader.feed(buffer[:count])
    reader.end_file()
