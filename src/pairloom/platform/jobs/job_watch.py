"""Sees to it that a job's process ends when it is to, and says why it did."""

from __future__ import annotations

import time
from collections.abc import Callable

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import EndedBy
from pairloom.platform.jobs.job_process import Deadline, JobProcess

_POLL_SECONDS = 0.1
_LETTING_GO_SECONDS = 8.0


def until_end(
    process: JobProcess,
    control: JobControl,
    *,
    stop_seconds: float,
    deadline: Deadline | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> EndedBy:
    """Wait for the end of a process, and bring it about when it is due.

    Parameters
    ----------
    stop_seconds
        How long the process has to end after SIGTERM, when the job is stopped or takes too long.
    is_wanted
        Once it says no, the process is killed; it then has ended by itself.

    Raises
    ------
    LetGoError
        The job is no longer this runner's; the process has ended.
    """
    while process.wait(_POLL_SECONDS) is None:
        if not is_wanted():
            process.kill()
        elif control.is_let_go:
            process.end(0 if control.lease_lost else _LETTING_GO_SECONDS)
            control.refuse_let_go()
        elif control.stop_requested:
            _end_patiently(process, control, stop_seconds)
            return "stop"
        elif deadline is not None and deadline.has_passed:
            _end_patiently(process, control, stop_seconds)
            return "time limit"
    return "itself"


def _end_patiently(process: JobProcess, control: JobControl, seconds: float) -> None:
    process.terminate()
    due = time.monotonic() + seconds
    while process.wait(_POLL_SECONDS) is None:
        if control.is_let_go or time.monotonic() > due:
            process.kill()
