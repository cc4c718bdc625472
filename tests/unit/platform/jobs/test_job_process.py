"""A job's process and its guard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pairloom.platform.jobs.job_lock import held, is_free
from pairloom.platform.jobs.job_process import JobProcess

DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True)"


def started(code: str, folder: Path, lock: int, lines: list[str]) -> JobProcess:
    return JobProcess(
        [sys.executable, "-c", code],
        folder=folder,
        environment=dict(os.environ),
        lock=lock,
        on_line=lines.append,
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('a'); raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 15)", -15),
        ("import os; os.kill(os.getpid(), 9)", -9),
    ],
)
def test_exit_code_or_signal_is_that_of_the_command(
    code: str, expected: int, tmp_path: Path
) -> None:
    with held(tmp_path / "lock", 0) as lock:
        process = started(code, tmp_path, lock, [])
        assert process.finish() == expected
        process.kill()  # says nothing to who has ended


def test_command_that_is_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    lines: list[str] = []
    with held(tmp_path / "lock", 0) as lock:
        process = started(f"{DEAF}; time.sleep(60)", tmp_path, lock, lines)
        while not lines:
            time.sleep(0.01)
        assert process.end(0.3) == -9


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; "
    child += "time.sleep(60)'], stdout=subprocess.DEVNULL, close_fds=False)"
    with held(tmp_path / "lock", 0) as lock:
        assert started(child, tmp_path, lock, []).finish() == 0
    with held(tmp_path / "lock", 2):
        pass


def test_lock_is_held_until_the_command_of_a_killed_parent_has_ended(tmp_path: Path) -> None:
    parent = f"""
import os, sys, time
from pathlib import Path
from pairloom.platform.jobs.job_lock import held
from pairloom.platform.jobs.job_process import JobProcess
with held(Path({str(tmp_path / "lock")!r}), 0) as lock:
    JobProcess([sys.executable, "-c", {DEAF + "; time.sleep(60)"!r}],
               folder=Path({str(tmp_path)!r}), environment=dict(os.environ), lock=lock,
               on_line=lambda line: print(line, flush=True))
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        assert not is_free(tmp_path / "lock")
        process.kill()
    with held(tmp_path / "lock", 5):
        pass
