"""One job's lock: held by whoever works on it on this machine and by all its processes."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairloom.errors import PlatformError

_POLL_SECONDS = 0.05


class JobHeldError(PlatformError):
    """A process of the job still runs."""


@contextmanager
def held(path: Path, patience_seconds: float) -> Iterator[int]:
    """Hold a job's lock; yields its descriptor, which processes of the job are to inherit.

    Raises
    ------
    JobHeldError
        Another process held it all the time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, path, time.monotonic() + patience_seconds)
        yield descriptor
    finally:
        os.close(descriptor)


def is_free(path: Path) -> bool:
    """Say whether nobody holds the lock of a job."""
    try:
        with held(path, 0):
            return True
    except JobHeldError:
        return False


def _lock(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # noqa: PERF203  it waits anyway
            if time.monotonic() > deadline:
                raise JobHeldError(f"{path}: a process of this job still runs") from None
            time.sleep(_POLL_SECONDS)
        else:
            return
