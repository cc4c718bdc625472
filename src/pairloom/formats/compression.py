"""Files wrapped by gzip or zstd, as streams of what is inside: told by their first bytes."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pairloom.errors import DataFormatError, UserError

SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_HEAD_BYTES = max(map(len, _MAGIC))
_DECOMPRESSED_FROM_BYTES = 1 << 17


def without_suffix(path: Path) -> Path:
    """Return the path that a compressed file would have without compression."""
    return path.with_suffix("") if path.suffix in SUFFIXES else path


class PlainBytes(io.RawIOBase):
    """The bytes of a file, decompressed if its first bytes say that they are compressed.

    Members of gzip and frames of zstd may follow one another. Memory is a few buffers, whatever
    the file becomes.

    Parameters
    ----------
    file
        An open binary file; it is not closed.
    name
        What messages call it.

    Raises
    ------
    DataFormatError
        When read from, if the compressed stream is damaged or ends early.
    """

    def __init__(self, file: Any, name: str) -> None:
        self._name = name
        rejoined = _Rejoined(file)
        self.compression = rejoined.compression()
        self._stream: Any = rejoined
        self._damaged: tuple[type[Exception], ...] = ()
        if self.compression == "gzip":
            self._stream, self._damaged = _gzip_reader(rejoined)
        elif self.compression == "zstd":
            self._stream, self._damaged = _zstd_reader(rejoined, name)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next; 0 at the end."""
        try:
            return int(self._stream.readinto(buffer))
        except EOFError as error:
            raise DataFormatError(
                f"{self._name}: the {self.compression} stream ends early; expected its end marker"
            ) from error
        except self._damaged as error:
            raise DataFormatError(
                f"{self._name}: the {self.compression} stream is damaged: {error}"
            ) from error


@contextmanager
def open_to_write(path: Path, target: Path) -> Iterator[BinaryIO]:
    """Open `path` to write what will be named `target`, compressed as that suffix says."""
    compression = SUFFIXES.get(target.suffix)
    with path.open("wb") as file:
        if compression == "gzip":
            # No name or time inside: the same rows give the same bytes.
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif compression == "zstd":
            with _zstd(str(target)).ZstdFile(file, "w") as packed:
                yield packed
        else:
            yield file


class _Rejoined(io.RawIOBase):
    """A file whose first bytes have been looked at."""

    def __init__(self, file: Any) -> None:
        self._file = file
        head = bytearray()
        while len(head) < _HEAD_BYTES:
            piece = bytearray(_HEAD_BYTES - len(head))
            count = file.readinto(piece)
            if not count:
                break
            head += piece[:count]
        self._head = bytes(head)

    def compression(self) -> str | None:
        return next((name for magic, name in _MAGIC.items() if self._head.startswith(magic)), None)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._head:
            return int(self._file.readinto(buffer) or 0)
        count = min(len(buffer), len(self._head))
        memoryview(buffer)[:count] = self._head[:count]
        self._head = self._head[count:]
        return count


def _gzip_reader(file: _Rejoined) -> tuple[Any, tuple[type[Exception], ...]]:
    buffered = io.BufferedReader(file, _DECOMPRESSED_FROM_BYTES)
    try:
        from isal import igzip, isal_zlib  # noqa: PLC0415  optional: several times as fast
    except ModuleNotFoundError:
        return gzip.GzipFile(fileobj=buffered), (gzip.BadGzipFile, zlib.error)
    open_stream: Any = igzip.IGzipFile  # both untyped
    damaged: Any = isal_zlib.IsalError
    return open_stream(fileobj=buffered), (gzip.BadGzipFile, damaged)


def _zstd_reader(file: _Rejoined, name: str) -> tuple[Any, tuple[type[Exception], ...]]:
    zstd = _zstd(name)
    buffered = io.BufferedReader(file, _DECOMPRESSED_FROM_BYTES)
    return zstd.ZstdFile(buffered), (zstd.ZstdError,)


def zstd_if_installed() -> Any:
    """Return the library of zstd, untyped; None without it."""
    try:
        return _import_zstd()
    except ModuleNotFoundError:
        return None


def _zstd(name: str) -> Any:
    try:
        return _import_zstd()
    except ModuleNotFoundError as error:
        raise UserError(
            f"{name}: zstd needs {error.name}, which is not installed: "
            "pip install 'pairloom[compression]'"
        ) from error


def _import_zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd
