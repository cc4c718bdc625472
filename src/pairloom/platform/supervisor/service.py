"""One process of the platform: how it is started, how often it died, when it is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pairloom.platform.supervisor import tether
from pairloom.platform.supervisor.processes import start_mark

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 10.0
_STEADY_SECONDS: Final = 10.0  # a process that ran as long is started again at once
_LOG_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """What to run.

    Attributes
    ----------
    name
        Names the process in the log and its own log file.
    command
        The program and its arguments.
    environment
        Variables beside the supervisor's own.
    descriptors
        Open files that the process takes over, under the same numbers.
    stop_seconds
        How long it may take to end after SIGTERM.
    outlives_others
        Whether the others need it until they have ended.
    after_end
        Called whenever a process of it has ended.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    stop_seconds: float = 10.0
    outlives_others: bool = False
    after_end: Callable[[], None] = lambda: None


class ServiceProcess:
    """The process of a service, from its first start on."""

    def __init__(self, service: Service, logs_folder: Path) -> None:
        self.service = service
        self.log = logs_folder / f"{service.name}.log"
        self.num_restarts = 0
        self.mark: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = self._stop_due = 0.0
        self._pause = _FIRST_PAUSE_SECONDS

    @property
    def pid(self) -> int | None:
        """Number of the process; None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; what it says goes to its log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        tethered = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid())]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*tethered, *self.service.command],
                env={**os.environ, **self.service.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.service.descriptors,
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends them in order
            )
        self.mark = start_mark(self._process.pid)
        self._started = time.monotonic()

    def ending(self) -> str | None:
        """Return how the process ended since it was last asked for; None while it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        self._process = None
        self._plan_restart()
        self.service.after_end()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def seconds_to_restart(self) -> float | None:
        """Return how long to wait before `restart`; None while the process runs."""
        return None if self._process else max(0.0, self._due - time.monotonic())

    def restart(self) -> None:
        """Start the process that takes the place of one that ended."""
        self.num_restarts += 1
        self.start()

    def begin_to_stop(self) -> None:
        """Ask the process to end."""
        self._stop_due = time.monotonic() + self.service.stop_seconds
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def stop(self) -> bool:
        """Wait for the end that was asked for; return whether it came before it was brought."""
        process = self._process
        if process is None:
            return True
        try:
            process.wait(max(0.0, self._stop_due - time.monotonic()))
            in_time = True
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            in_time = False
        self._process = None
        self.service.after_end()
        return in_time

    def last_line(self) -> str:
        """Return the last line of the log that says something."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 8192))
                lines = log.read().decode("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _plan_restart(self) -> None:
        now = time.monotonic()
        if now - self._started >= _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
        self._due = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
