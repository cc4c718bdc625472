"""Files that appear only when they are complete, and then stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairloom.formats.full_disk import naming_full_disk


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """Give a path to write, whose file takes the name `target` when the block ends well.

    The file and then its folder are on disk when the block has ended, so that a crash of the
    machine leaves the old file or the new one, whole. What is no regular file, as a pipe or a
    device, is written in place.

    Raises
    ------
    FullDiskError
        The disk is full; nothing of the new file stays.
    """
    if target.exists() and not target.is_file():
        yield target
        return
    with tempfile.TemporaryDirectory(prefix=".pairloom-", dir=target.parent) as folder:
        partial = Path(folder) / target.name
        with naming_full_disk(target.name, partial):
            yield partial
            sync(partial)
        partial.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
