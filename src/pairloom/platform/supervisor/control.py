"""A platform as other processes see it: started in the background, ended, asked how it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pairloom.errors import PlatformError
from pairloom.platform.settings import PlatformSettings, read_settings
from pairloom.platform.supervisor.processes import end_process, wait_for_end
from pairloom.platform.supervisor.state import (
    PlatformState,
    end_leftovers,
    hold,
    is_held,
    read_state,
    running_state,
)

_START_SECONDS: Final = 90.0
_DOWN_SECONDS: Final = 90.0  # longer than all processes together may take
_PAUSE_SECONDS: Final = 0.05


def start_detached(command: Sequence[str], folder: Path) -> PlatformSettings:
    """Run a command line of `pairloom up` in the background; return once it is ready.

    Raises
    ------
    PlatformError
        It ended, or was not ready in time; names the log.
    """
    log = folder / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = log.stat().st_size if log.exists() else 0
    with log.open("ab") as stream:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "pairloom", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(folder, process.pid):
        if process.poll() is not None:
            said = log.read_bytes()[begin:].decode("utf-8", errors="replace").strip()
            raise PlatformError(said.rpartition("\n")[2].removeprefix("pairloom: ") or str(log))
        if time.monotonic() > deadline:
            process.terminate()
            raise PlatformError(f"not ready after {_START_SECONDS:g} s; see {log}")
        time.sleep(_PAUSE_SECONDS)
    process.returncode = 0  # it goes on without us
    return read_settings(folder)


def end_platform(folder: Path) -> bool:
    """End the platform of a folder; return False when none ran.

    Raises
    ------
    PlatformError
        It did not end in time.
    """
    if not is_held(folder):
        if folder.exists():
            with hold(folder):
                end_leftovers(folder)
        return False
    supervisor = running_state(folder).supervisor
    if supervisor.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(supervisor.pid, signal.SIGTERM)
        if not wait_for_end(supervisor.pid, supervisor.mark, _DOWN_SECONDS):
            end_process(supervisor.pid, supervisor.mark, 0.0)
            raise PlatformError(
                f"the supervisor (process {supervisor.pid}) did not end in {_DOWN_SECONDS:g} s "
                f"and was killed; see {folder / 'logs'}"
            )
    return True


def running_platform(folder: Path) -> tuple[PlatformSettings, PlatformState]:
    """Return settings and state of the platform that runs in a folder.

    Raises
    ------
    UserError
        None does.
    """
    state = running_state(folder)
    return read_settings(folder), state


def _is_ready(folder: Path, supervisor: int) -> bool:
    state = read_state(folder)
    return state is not None and state.ready and state.supervisor.pid == supervisor
