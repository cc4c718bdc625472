"""Platforms as users start them: `pairloom up`, in a folder and on ports of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pairloom.platform.identity import read_key_pair
from pairloom.platform.settings import PlatformSettings, read_settings
from pairloom.platform.supervisor.processes import start_mark
from pairloom.platform.supervisor.state import PlatformState, read_state

PAIRLOOM = [sys.executable, "-m", "pairloom"]
PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 20}, connect_timeout=10, read_timeout=90
)


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
        self,
        command: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        seconds: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the program on this platform's folder."""
        return subprocess.run(
            [*PAIRLOOM, command, "--dir", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={**os.environ, **(environment or {})},
        )

    def up(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.pairloom("up", "--detach", "--port", "0", *options, environment=environment)

    def run_python(self, program: str) -> str:
        """Run a program as a client; return what it printed."""
        ran = self.pairloom("run", sys.executable, "-c", program)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def client(self, service: str) -> Any:
        """Return a client that tries again for minutes, as clients of AWS may be told to."""
        keys = read_key_pair(self.settings.keys_file)
        is_store = service == "s3"
        settings = self.settings
        return boto3.client(
            service,
            endpoint_url=settings.s3_endpoint if is_store else settings.api_endpoint,
            region_name=settings.region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            config=PATIENT,
        )

    def kill(self, name: str) -> int:
        """Kill a process by SIGKILL, the supervisor too, and return its number."""
        state = self.state
        pid = state.supervisor.pid if name == "supervisor" else state.processes[name].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()

    def strays(self) -> dict[int, list[str]]:
        """Return the processes of this folder that no running supervisor of it started."""
        supervisor = self.state.supervisor.pid
        ours = {os.getpid(), *(tree(supervisor) if supervisor else ())}
        return {
            pid: arguments
            for pid, arguments in all_arguments().items()
            if pid not in ours and any(str(self.folder) in argument for argument in arguments)
        }


@contextmanager
def started_platform(folder: Path, *options: str, **environment: str) -> Iterator[RunningPlatform]:
    """Start a platform and end it."""
    platform = RunningPlatform(folder)
    started = platform.up(*options, **environment)
    assert started.returncode == 0, started.stderr
    assert re.search(r"ready: API https?://127\.0\.0\.1:\d+, object store http", started.stdout)
    try:
        yield platform
    finally:
        assert platform.pairloom("down").returncode == 0


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(pid: int | None) -> bool:
    return pid is None or start_mark(pid) is None


def all_arguments() -> dict[int, list[str]]:
    """Return what every process of this machine was started with."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                content = (entry / "cmdline").read_bytes()
                found[int(entry.name)] = content.decode("utf-8", "replace").split("\0")
    return found


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for of in found:
        found += children.get(of, [])
    return found
