"""Who runs a platform: a lock that one supervisor holds, and a file that names its processes."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from pairloom.errors import UserError
from pairloom.platform.supervisor.processes import end_process, start_mark

_LOCK_FILE: Final = "supervisor.lock"
_STATE_FILE: Final = "supervisor.json"
_LEFTOVER_SECONDS: Final = 10.0
_ASKED_SECONDS: Final = 0.2  # `is_held` holds the lock while it asks


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process: its number, what tells it from a later one, how often it was replaced."""

    pid: int | None
    mark: str | None
    num_restarts: int = 0


@dataclass(frozen=True, slots=True)
class PlatformState:
    """The supervisor, the proxy's port, and the other processes by name."""

    supervisor: ProcessState
    proxy_port: int
    ready: bool = False
    processes: Mapping[str, ProcessState] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Keep the state in the platform's folder."""
        scratch = folder / f"{_STATE_FILE}.new"
        scratch.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        scratch.replace(folder / _STATE_FILE)


def own_state() -> ProcessState:
    """Return what names this process."""
    return ProcessState(os.getpid(), start_mark(os.getpid()))


def read_state(folder: Path) -> PlatformState | None:
    """Return the last state that a supervisor of this folder wrote, running or not."""
    try:
        return _from_values(json.loads((folder / _STATE_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / _STATE_FILE}: damaged ({error}); remove it") from error


def running_state(folder: Path) -> PlatformState:
    """Return the state of the platform that runs in this folder.

    Raises
    ------
    UserError
        None does.
    """
    state = read_state(folder) if is_held(folder) else None
    if state is None:
        raise UserError(f"no platform runs in {folder}; `pairloom up --dir {folder}` starts it")
    return state


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Be the only supervisor of a folder.

    Raises
    ------
    UserError
        Another one is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("a", encoding="utf-8") as lock:
        if not _locked(lock):
            raise UserError(
                f"a platform runs in {folder} already; `pairloom status --dir {folder}` shows it, "
                f"`pairloom down --dir {folder}` ends it"
            )
        yield


def is_held(folder: Path) -> bool:
    """Return whether a supervisor of this folder runs."""
    try:
        with (folder / _LOCK_FILE).open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def end_leftovers(folder: Path) -> None:
    """End what a supervisor that was killed has left running; call it while holding the folder."""
    state = read_state(folder)
    for process in state.processes.values() if state else ():
        if process.pid is not None:
            end_process(process.pid, process.mark, _LEFTOVER_SECONDS)


def _locked(lock: IO[str]) -> bool:
    deadline = time.monotonic() + _ASKED_SECONDS
    while not _locked_at_once(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _locked_at_once(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _from_values(values: Any) -> PlatformState:
    processes = {name: ProcessState(**value) for name, value in values.pop("processes").items()}
    supervisor = ProcessState(**values.pop("supervisor"))
    return PlatformState(supervisor=supervisor, processes=processes, **values)
