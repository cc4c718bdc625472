"""Whether the disk has room, asked before something large is brought."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from pairloom.errors import PlatformError

_RESERVE_BYTES: Final = 16 << 20  # for results, and so that the platform's own database goes on


def refuse_full_disk(num_bytes: int, folder: Path, what: str) -> None:
    """Raise PlatformError where what is to be written into a folder does not fit its disk."""
    free = shutil.disk_usage(folder).free
    if num_bytes + _RESERVE_BYTES > free:
        raise PlatformError(
            f"the disk is full: {what} needs {num_bytes:,} bytes and {_RESERVE_BYTES:,} are kept "
            f"free, {folder} has {free:,}"
        )
