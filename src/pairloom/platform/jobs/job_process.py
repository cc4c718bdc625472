"""A job's train program as a group of processes that ends with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from pairloom.platform.jobs import guard

MOST_LINE_BYTES = 256 << 10  # the most that a log event may hold


def train_command(root: Path) -> list[str]:
    """Return the command that trains in a folder."""
    return [sys.executable, "-I", "-m", "pairloom", "container", "train", "--root", str(root)]


class JobProcess:
    """A running command.

    Parameters
    ----------
    lock
        Descriptor that the command holds open as long as any part of it runs.
    on_line
        Called, in a thread of its own, with every line that the command writes.
    """

    def __init__(
        self,
        command: list[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        lock: int,
        on_line: Callable[[str], None],
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own command, as a list
            [sys.executable, "-I", "-S", guard.__file__, str(lock), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            pass_fds=(lock,),
        )
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read, name=f"log-{folder.name}", daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """As `subprocess` has it: below 0 the signal that ended it; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for the end, no longer than told; returns the exit code if it came."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Ask the command to end."""
        self._order(b"t")

    def kill(self) -> None:
        """End the command and all that it started."""
        self._order(b"k")

    def end(self, patience_seconds: float) -> int:
        """Ask the command to end, kill it when it has not; returns the exit code."""
        self.terminate()
        if self.wait(patience_seconds) is None:
            self.kill()
        return self.finish()

    def finish(self) -> int:
        """Wait until the command has ended and its last line has been read."""
        code = self._process.wait()
        self._reader.join()
        self._pipe(self._process.stdin).close()
        self._pipe(self._process.stdout).close()
        return code

    def _order(self, letter: bytes) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGCONT)  # a guard that was stopped would not hear
        with suppress(BrokenPipeError):  # it has ended just now
            os.write(self._pipe(self._process.stdin).fileno(), letter)

    def _read(self) -> None:
        stream = self._pipe(self._process.stdout)
        for line in iter(lambda: stream.readline(MOST_LINE_BYTES), b""):
            self._on_line(line.decode("utf-8", "replace").rstrip("\r\n"))

    @staticmethod
    def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise ValueError("the process was started without pipes")
        return stream


class Deadline:
    """A time after which a job has run for too long, by the clock that outlives a restart."""

    def __init__(self, started_at: float, seconds: float) -> None:
        self._end = started_at + seconds

    @property
    def has_passed(self) -> bool:
        return time.time() > self._end
