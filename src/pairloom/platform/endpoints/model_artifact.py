"""Brings a model's artifact from the object store into a folder as a container finds it."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from pairloom.errors import DataFormatError, PlatformError, UserError
from pairloom.formats.full_disk import naming_full_disk
from pairloom.platform.endpoints.variant import Artifact
from pairloom.platform.jobs.channel_download import download
from pairloom.platform.jobs.channel_files import inner_path, stored_files
from pairloom.platform.jobs.disk_space import refuse_full_disk
from pairloom.platform.objectstore.objects import Location, Objects

_COPY_BYTES = 1 << 20
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


def bring_model(objects: Objects, artifact: Artifact, folder: Path) -> None:
    """Make a folder hold an artifact's files, unless it holds them already.

    Raises
    ------
    UserError
        There is no such object, or it is no archive of a model.
    PlatformError
        The disk is full, or the object store stayed away.
    """
    if folder.exists():
        return
    scratch = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "model").mkdir(parents=True)
    try:
        if artifact.is_archive:
            _bring_archive(objects, Location.parse(artifact.uri), scratch)
        else:
            _bring_objects(objects, Location.parse(artifact.uri), scratch / "model")
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _bring_archive(objects: Objects, place: Location, root: Path) -> None:
    archive = root / "model.tar.gz"
    item = objects.describe(place)
    refuse_full_disk(item.num_bytes, root, str(place))
    objects.download(item, archive)
    try:
        unpack(archive, root / "model")
    except (UserError, PlatformError) as error:
        raise type(error)(f"{place}: {error}") from error
    archive.unlink()


def _bring_objects(objects: Objects, prefix: Location, folder: Path) -> None:
    files = stored_files(objects, prefix)
    if not files:
        raise UserError(f"{prefix}: there is no object below it")
    refuse_full_disk(sum(file.item.num_bytes for file in files), folder, str(prefix))
    download(objects, prefix, files, folder)


def unpack(archive: Path, folder: Path) -> None:
    """Write an archive's files below a folder; nothing else may be in it, nor lead out of it.

    Raises
    ------
    UserError
        It is no tar.gz, is damaged, or has a member that is refused.
    PlatformError
        The disk is too small.
    """
    try:
        with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r:") as opened:
            for member in opened:
                if not member.isdir():
                    _write_member(opened, member, folder)
            while content.read(_COPY_BYTES):  # to the checksum, which stands at the end
                pass
    except _BROKEN as error:
        raise DataFormatError(f"no whole tar.gz archive: {error}") from error


def _write_member(opened: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    content: IO[bytes] | None = opened.extractfile(member) if member.isfile() else None
    if content is None:
        raise DataFormatError(f"member {member.name!r} is no file; links and devices are refused")
    # Archives may well name their members `./name`.
    path = folder / inner_path(PurePosixPath(member.name).as_posix(), member.name)
    what = f"member {member.name!r}"
    refuse_full_disk(member.size, folder, what)
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming_full_disk(what, path, member.size), path.open("wb") as file:
        shutil.copyfileobj(content, file, _COPY_BYTES)
