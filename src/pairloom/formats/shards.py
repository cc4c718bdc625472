"""Which files a path stands for: itself, or the shards below a folder."""

from __future__ import annotations

from pathlib import Path

from pairloom.errors import DataError


def list_shards(path: Path) -> list[Path]:
    """List the data files at `path` in the order in which they are read.

    A folder stands for every file below it, sorted by path as an object store lists them.
    Names that begin with a dot or an underscore are no data (`.amazon.manifest`, `_SUCCESS`).
    """
    if not path.is_dir():
        return [path]
    shards = [file for file in path.rglob("*") if file.is_file() and _is_data(file, path)]
    if not shards:
        message = f"{path}: the folder holds no data file"
        raise DataError(message)
    return sorted(shards, key=lambda file: file.relative_to(path).as_posix())


def _is_data(file: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
