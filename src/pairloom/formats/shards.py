"""Which files a path stands for: itself, or the shards below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pairloom.errors import DataError


def list_shards(path: Path) -> list[Path]:
    """List the data files at `path` in the order in which they are read.

    A folder stands for every file below it, sorted by path as an object store lists them.
    Names that begin with a dot or an underscore are no data (`.amazon.manifest`, `_SUCCESS`).
    Links are followed.

    Raises
    ------
    DataError
        The folder holds no data, or something that cannot be read as a file, as a broken link.
    OSError
        A folder cannot be listed.
    """
    if not path.is_dir():
        return [path]
    shards = list(_files_below(path, ()))
    if not shards:
        message = f"{path}: the folder holds no data file"
        raise DataError(message)
    return sorted(shards, key=lambda file: file.relative_to(path).as_posix())


def _files_below(folder: Path, above: tuple[os.stat_result, ...]) -> Iterator[Path]:
    here = folder.stat()
    if any(os.path.samestat(here, other) for other in above):
        return  # a link back to a folder that is being listed
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from _files_below(path, (*above, here))
        elif path.is_file():
            yield path
        else:
            message = f"{path}: neither a file nor a folder; remove it from the data"
            raise DataError(message)
