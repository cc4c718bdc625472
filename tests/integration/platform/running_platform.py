"""Platforms as users start them: `pairloom up`, in a folder and on ports of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pairloom.platform.settings import PlatformSettings, read_settings
from pairloom.platform.supervisor.processes import start_mark
from pairloom.platform.supervisor.state import PlatformState, read_state

PAIRLOOM = [sys.executable, "-m", "pairloom"]


@dataclass(frozen=True)
class RunningPlatform:
    """A platform in the background, and what may be done to it."""

    folder: Path

    @property
    def settings(self) -> PlatformSettings:
        return read_settings(self.folder)

    @property
    def state(self) -> PlatformState:
        state = read_state(self.folder)
        assert state
        return state

    def pids(self) -> dict[str, int | None]:
        return {name: process.pid for name, process in self.state.processes.items()}

    def pairloom(
        self, command: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the program on this platform's folder."""
        return subprocess.run(
            [*PAIRLOOM, command, "--dir", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **(environment or {})},
        )

    def up(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.pairloom("up", "--detach", "--port", "0", *options, environment=environment)

    def run_python(self, program: str) -> str:
        """Run a program as a client; return what it printed."""
        ran = self.pairloom("run", sys.executable, "-c", program)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def kill(self, name: str) -> int:
        """Kill a process by SIGKILL, the supervisor too, and return its number."""
        state = self.state
        pid = state.supervisor.pid if name == "supervisor" else state.processes[name].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()


@contextmanager
def started_platform(folder: Path, *options: str, **environment: str) -> Iterator[RunningPlatform]:
    """Start a platform and end it."""
    platform = RunningPlatform(folder)
    started = platform.up(*options, **environment)
    assert started.returncode == 0, started.stderr
    assert re.search(r"ready: API http://127\.0\.0\.1:\d+, object store http", started.stdout)
    try:
        yield platform
    finally:
        assert platform.pairloom("down").returncode == 0


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(pid: int | None) -> bool:
    return pid is None or start_mark(pid) is None
