"""Processes of others: whether one with a number is still the one that was meant."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_PAUSE_SECONDS: Final = 0.05


def start_mark(process: int) -> str | None:
    """Return what tells a process from a later one of the same number; None when there is none."""
    stat = Path(f"/proc/{process}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # A zombie with more threads than one is still being taken down, and holds its ports.
        ended = fields[0] == "Z" and int(fields[17]) <= 1
        return None if ended else fields[19]  # ticks from boot to start
    shown = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "lstart=", "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None


def is_running(process: int, mark: str | None) -> bool:
    """Return whether the process that had this mark still runs."""
    return mark is not None and start_mark(process) == mark


def wait_for_end(process: int, mark: str | None, seconds: float) -> bool:
    """Wait for the end of a process that may be no child of ours; False when time ran out."""
    deadline = time.monotonic() + seconds
    while is_running(process, mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def end_process(process: int, mark: str | None, seconds: float) -> None:
    """Send SIGTERM, and SIGKILL when the time is over."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        if not is_running(process, mark):
            return
        with suppress(ProcessLookupError):
            os.kill(process, number)
        if wait_for_end(process, mark, patience):
            return
