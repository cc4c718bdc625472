"""Files that appear only when they are complete."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """Give a path to write, whose file takes the name `target` when the block ends well.

    What is no regular file, as a pipe or a device, is written in place.
    """
    if target.exists() and not target.is_file():
        yield target
        return
    with tempfile.TemporaryDirectory(prefix=".pairloom-", dir=target.parent) as folder:
        partial = Path(folder) / target.name
        yield partial
        partial.replace(target)
