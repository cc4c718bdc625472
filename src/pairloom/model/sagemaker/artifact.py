"""SageMaker's model artifact as a file: `model.tar.gz`, or the `model_algo-1` inside it."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pairloom.errors import DataFormatError, PlatformError
from pairloom.model.sagemaker.model_zip import SageMakerModel, read_model_zip, write_model_zip

MODEL_MEMBER = "model_algo-1"
ARCHIVE_SUFFIX = ".tar.gz"

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_WITH_GZIP_HEADER = 31
_MODIFIED = 315532800  # 1980-01-01; tar warns of earlier times
_PIECE_BYTES = 1 << 20
_MOST_BYTES_AFTER = 1 << 20
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, ValueError, zlib.error)


def is_artifact_name(path: Path) -> bool:
    """Say whether a file of this name is to be written as SageMaker's artifact."""
    return path.name == MODEL_MEMBER or path.name.endswith(ARCHIVE_SUFFIX)


def is_artifact(path: Path) -> bool:
    """Say whether a file may be SageMaker's artifact: a tar.gz, or a zip that is not NumPy's.

    A file that has the artifact's name and begins as a zip counts too, whatever it lacks.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC:
                file.seek(0)
                return _begins_as_tar(file)
            with zipfile.ZipFile(file) as archive:
                return not any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, *_DAMAGED):
        return path.name == MODEL_MEMBER and _begins_as_zip(path)


def write_artifact(path: Path, model: SageMakerModel) -> None:
    """Write `model.tar.gz`, or the bare zip when the file is named `model_algo-1`.

    The same model gives the same bytes.
    """
    if not path.name.endswith(ARCHIVE_SUFFIX):
        with path.open("wb") as file:
            write_model_zip(file, model)
            _flush_to_disk(file)
        return
    # The tar wants the size first, and the zip is written with it unknown.
    with tempfile.TemporaryFile(dir=path.parent) as scratch, path.open("wb") as file:
        write_model_zip(scratch, model)
        member = _tar_member(scratch.tell())
        scratch.seek(0)
        compressed = _GzipWriter(file)
        with tarfile.open(  # type: ignore[call-overload]
            fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT
        ) as archive:
            archive.addfile(member, scratch)
        compressed.finish()
        _flush_to_disk(file)


def read_artifact(path: Path) -> SageMakerModel:
    """Read either form, known by its first bytes.

    `model.tar.gz` is unpacked into a temporary file on the way.

    Raises
    ------
    DataFormatError
        The file is neither; names the member, the offset in it, the rule and the value.
    """
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        if not compressed:
            return read_model_zip(file, str(path))
        with _unpacked(file, str(path)) as model_file:
            return read_model_zip(model_file, f"{path}: {MODEL_MEMBER}")


def _begins_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC


def _begins_as_tar(file: BinaryIO) -> bool:
    with gzip.GzipFile(fileobj=file) as compressed:
        header = compressed.read(tarfile.BLOCKSIZE)
    return header[257:262] == b"ustar" or header.startswith(MODEL_MEMBER.encode())


class _GzipWriter:
    """Compresses without a time in the header, and without a search for what repeats.

    Parameters have next to nothing that does; without the search they compress as far, three
    times as fast.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._compressor = zlib.compressobj(
            1, zlib.DEFLATED, _WITH_GZIP_HEADER, zlib.DEF_MEM_LEVEL, zlib.Z_RLE
        )

    def write(self, content: bytes) -> int:
        self._file.write(self._compressor.compress(content))
        return len(content)

    def finish(self) -> None:
        self._file.write(self._compressor.flush())


def _tar_member(num_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(MODEL_MEMBER)
    member.size = num_bytes
    member.mtime = _MODIFIED
    member.mode = 0o644
    return member


def _flush_to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _unpacked(file: BinaryIO, place: str) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile(prefix="pairloom-") as scratch:
        try:
            with gzip.GzipFile(fileobj=file) as compressed:
                _unpack(_ShortReads(compressed), scratch, place)
        except DataFormatError:
            raise
        except _DAMAGED as error:
            raise DataFormatError(f"{place}: no tar.gz that can be read: {error}") from error
        scratch.seek(0)
        yield scratch


class _ShortReads:
    """A stream that refuses long reads, which only a damaged or hostile header asks for."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def read(self, num_bytes: int) -> bytes:
        if not 0 <= num_bytes <= _PIECE_BYTES:
            raise tarfile.ReadError(f"a header of {num_bytes:,} bytes")
        return self._stream.read(num_bytes)

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)


def _unpack(stream: _ShortReads, scratch: BinaryIO, place: str) -> None:
    """Copy the one file of the archive, and read on to the end, where gzip has its checksum."""
    found = False
    with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
        for member in archive:
            if _is_this_folder(member):
                continue
            if found or not _is_model_file(member):
                raise DataFormatError(
                    f"{place}: must hold the file {MODEL_MEMBER} alone; "
                    f"it holds {_kind(member)} {member.name!r}"
                )
            _copy_member(archive, member, scratch, place)
            found = True
    if not found:
        raise DataFormatError(f"{place}: must hold the file {MODEL_MEMBER}; it is empty")
    rest = 0
    while piece := stream.read(_PIECE_BYTES):
        rest += len(piece)
        if rest > _MOST_BYTES_AFTER or piece.strip(b"\0"):
            raise DataFormatError(f"{place}: data follows where the archive should end")


def _is_this_folder(member: tarfile.TarInfo) -> bool:
    return member.isdir() and member.name in (".", "./", "")


def _is_model_file(member: tarfile.TarInfo) -> bool:
    plain = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
    return plain and member.name in (MODEL_MEMBER, f"./{MODEL_MEMBER}")


def _kind(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        return "a path that leads out of it,"
    if member.issym() or member.islnk():
        return "the link"
    return "the folder" if member.isdir() else "the file" if member.isfile() else "the device"


def _copy_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, scratch: BinaryIO, place: str
) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if member.size > free:
        raise PlatformError(
            f"{place}: {MODEL_MEMBER} has {member.size:,} bytes; "
            f"{tempfile.gettempdir()} has room for {free:,} (TMPDIR names another place)"
        )
    source = archive.extractfile(member)
    copied = 0
    while source is not None and (piece := source.read(_PIECE_BYTES)):
        scratch.write(piece)
        copied += len(piece)
    if copied != member.size:
        raise DataFormatError(
            f"{place}: {MODEL_MEMBER} must have {member.size:,} bytes; it ends after {copied:,}"
        )
