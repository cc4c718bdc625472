"""Feeds the pipes of a channel, `<channel>_<epoch>`, from the object store."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pairloom.platform.jobs.channel_files import ChannelFile, epoch_order
from pairloom.platform.jobs.training_request import ChannelRequest
from pairloom.platform.objectstore.objects import Objects

_POLL_SECONDS = 0.05


class _ClosedError(Exception):
    """The feeder is to end."""


class PipeFeeder:
    """A thread that writes the channel's objects to one fifo after another, until it is closed.

    Parameters
    ----------
    path
        The fifos' path without epoch.
    on_failure
        Called with what went wrong while the fifo is still open: a reader who saw it end would
        take what came so far for the whole.
    """

    def __init__(
        self,
        objects: Objects,
        channel: ChannelRequest,
        files: Sequence[ChannelFile],
        path: Path,
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._objects = objects
        self._channel = channel
        self._files = files
        self._path = path
        self._on_failure = on_failure
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed-{channel.name}", daemon=True)

    def start(self) -> None:
        """Make the first fifo, so that it is there before the job is, and begin to feed it."""
        for left in self._path.parent.glob(f"{self._path.name}_*"):
            left.unlink()
        os.mkfifo(self._fifo(0))
        self._thread.start()

    def close(self) -> None:
        """End, also in the middle of a fifo; the reader is to be gone by now."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        epoch = 0
        with suppress(_ClosedError):
            while True:
                self._feed(epoch)
                # The next fifo comes before this one goes: one of both is always there.
                os.mkfifo(self._fifo(epoch + 1))
                self._fifo(epoch).unlink()
                epoch += 1

    def _feed(self, epoch: int) -> None:
        descriptor = self._open(self._fifo(epoch))
        try:
            for file in epoch_order(self._channel, self._files, epoch):
                for chunk in self._objects.chunks(file.item):
                    self._write(descriptor, chunk)
        except BrokenPipeError:  # the reader has had enough of this epoch
            pass
        except _ClosedError:
            raise
        except Exception as error:
            self._on_failure(error)
            self._closed.wait()
            raise _ClosedError from error
        finally:
            os.close(descriptor)

    def _open(self, fifo: Path) -> int:
        while True:
            self._refuse_closed()
            try:
                return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # no reader yet
                    raise
            self._closed.wait(_POLL_SECONDS)

    def _write(self, descriptor: int, chunk: bytes) -> None:
        left = memoryview(chunk)
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        while left:
            self._refuse_closed()
            poll.poll(1000 * _POLL_SECONDS)
            with suppress(BlockingIOError):
                left = left[os.write(descriptor, left) :]

    def _refuse_closed(self) -> None:
        if self._closed.is_set():
            raise _ClosedError

    def _fifo(self, epoch: int) -> Path:
        return self._path.with_name(f"{self._path.name}_{epoch}")
