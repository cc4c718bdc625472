"""A fifo read without ever waiting for longer than told."""

from __future__ import annotations

import io
import os
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pairloom.data.epoch_rows import RowsInterruptedError
from pairloom.errors import DataError, UserError

_POLL_SECONDS = 0.05


class FifoStream(io.RawIOBase):
    """The bytes of one fifo up to the end of its writers, as an open binary stream.

    Opening waits for the fifo to appear, reading for bytes. Neither side can hang on the other:
    a wait ends with an error, and closing the stream ends a writer with a broken pipe.

    Parameters
    ----------
    path
        The fifo; it may appear later.
    wait_seconds
        Longest time without the fifo or without a byte from it.
    stop_requested
        Asked while waiting and before every read.

    Raises
    ------
    DataError
        The fifo did not appear, or sent nothing, for `wait_seconds`.
    UserError
        The path is no fifo.
    RowsInterruptedError
        `stop_requested` returned true.
    """

    def __init__(
        self, path: Path, *, wait_seconds: float, stop_requested: Callable[[], bool]
    ) -> None:
        self.name = str(path)
        self.num_bytes = 0
        self.ended = False
        self._wait_seconds = wait_seconds
        self._stop_requested = stop_requested
        self._descriptor = -1
        self._begin_waiting()
        while (descriptor := _opened(path)) is None:
            self._keep_waiting("no such fifo")
            time.sleep(_POLL_SECONDS)
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._begin_waiting()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what is there, at least a byte; 0 once all writers are gone."""
        count = None
        while count is None:
            self._keep_waiting(f"nothing was written after byte {self.num_bytes:,}")
            count = self._read_if_ready(buffer)
        self.num_bytes += count
        self.ended = count == 0
        self._begin_waiting()
        return count

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _read_if_ready(self, buffer: Any) -> int | None:
        # Before the first writer comes, a read would say that the stream has ended; poll does not.
        if not self._poll.poll(_POLL_SECONDS * 1000):
            return None
        try:
            return os.readv(self._descriptor, [buffer])
        except BlockingIOError:
            return None

    def _begin_waiting(self) -> None:
        self._deadline = time.monotonic() + self._wait_seconds

    def _keep_waiting(self, what: str) -> None:
        if self._stop_requested():
            raise RowsInterruptedError(self.name)
        if time.monotonic() > self._deadline:
            raise DataError(f"{self.name}: {what} for {self._wait_seconds:g} seconds")


def _opened(path: Path) -> int | None:
    try:
        if not stat.S_ISFIFO(path.stat().st_mode):
            raise UserError(f"{path}: not a fifo; expected one for each epoch")
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
