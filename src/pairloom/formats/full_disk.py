"""A disk that is full: which errors say so, and what a user is told."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# No space; the user's share of it; the largest file that the process may write.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REMEDY: Final = "free space and try again"


class FullDiskError(OSError):
    """The disk is full; says what was being written, how much of it was, and where."""

    def __str__(self) -> str:
        return str(self.strerror)


def is_full_disk(error: BaseException) -> bool:
    """Say whether an error is that of a full disk."""
    return isinstance(error, OSError) and error.errno in _FULL


def full_disk_reason(error: OSError) -> str:
    """Return what to tell of such an error."""
    if isinstance(error, FullDiskError):
        return str(error)
    place = f" at {error.filename}" if error.filename else ""
    return f"the disk is full{place}: {error.strerror}; {_REMEDY}"


@contextmanager
def naming_full_disk(
    what: str, path: Path, num_bytes: int | None = None, *, keeps: bool = False
) -> Iterator[None]:
    """Let the error of a full disk name what is written to a file, and leave no half of it.

    Parameters
    ----------
    num_bytes
        How large it is to be, where that is known before.
    keeps
        Whether the file stays: what is in it is of use without what did not fit.

    Raises
    ------
    FullDiskError
        In place of any other error of a full disk.
    """
    try:
        yield
    except FullDiskError:
        raise
    except OSError as error:
        if not is_full_disk(error):
            raise
        told = _told(what, path, num_bytes, error)
        if path.is_file() and not keeps:
            path.unlink()
        raise FullDiskError(error.errno, told) from error


def _told(what: str, path: Path, num_bytes: int | None, error: OSError) -> str:
    written = path.stat().st_size if path.is_file() else 0
    of = "" if num_bytes is None else f" of {num_bytes:,}"
    folder = next(of for of in (path, *path.parents) if of.is_dir())
    free = shutil.disk_usage(folder).free
    return (
        f"the disk is full: {error.strerror} after {written:,}{of} bytes of {what}, at {path}; "
        f"its disk has {free:,} bytes free; {_REMEDY}"
    )
