"""Archives of a job's results: the same files give the same bytes."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from pairloom.formats.full_disk import naming_full_disk

_LEVEL = 1  # the model is an archive itself; more effort saves nothing


def write_archive(folder: Path, path: Path) -> None:
    """Write the files of a folder as `*.tar.gz`, by name, without times, owners or links.

    Raises
    ------
    FullDiskError
        The disk is full.
    """
    with (
        naming_full_disk(path.name, path),
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for file in files_below(folder):
            entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
            entry.size, entry.mode = file.stat().st_size, 0o644
            with file.open("rb") as content:
                archive.addfile(entry, content)


def files_below(folder: Path) -> list[Path]:
    """Return the files of a folder, at any depth, by name; none if the folder is not there."""
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
