"""Takes jobs from the store, one for each free core, and keeps its hold on them while they run."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pairloom.errors import PairloomError
from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.job_kind import JobKind, LeasedJob
from pairloom.platform.jobs.job_lock import is_free
from pairloom.platform.jobs.job_run import JobRun
from pairloom.platform.store import ChangeWatch, LeaseLostError

_LOGGER = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
_IDLE_SECONDS = 0.2
_LOOK_SECONDS = 0.5  # between two looks at whether a job is to stop
_ENDING_SECONDS = 15.0


def new_runner_id() -> str:
    """Return a name that no runner had before."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(slots=True)
class _RunningJob:
    kind: JobKind
    name: str
    thread: threading.Thread
    control: JobControl
    renewed_at: float
    has_ended: bool = False


class Runner:
    """Runs jobs until it is told to end.

    Parameters
    ----------
    kinds
        Take turns: of each that has a job waiting, one is started before the next of another.
    changes
        Of the store that the jobs wait in.
    slots
        How many jobs of all kinds run at once.
    lease_seconds
        After how long without a sign of life another runner may take this one's jobs.
    """

    def __init__(
        self,
        kinds: Sequence[JobKind],
        changes: ChangeWatch,
        *,
        slots: int,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._turns = deque(kinds)
        self._changes = changes
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._running: dict[tuple[str, str], _RunningJob] = {}  # by kind and name
        self._one_ended = threading.Event()

    def run(self, ended: threading.Event) -> None:
        """Work until the event is set; jobs that are not finished then are let go of."""
        for kind in self._turns:
            _sweep(kind)
        while not ended.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  the database may be locked or away
                _LOGGER.warning("the runner goes on after an error: %s", error)
            self._one_ended.wait(_IDLE_SECONDS)
            self._one_ended.clear()
        self._let_go()

    def _step(self) -> None:
        ended = [key for key, job in self._running.items() if job.has_ended]
        for key in ended:
            del self._running[key]
        for job in self._running.values():
            self._look_after(job)
        if not (self._changes.is_due() or ended):
            return
        while len(self._running) < self._slots and self._start_next():
            pass

    def _start_next(self) -> bool:
        """Start a job of the kind whose turn it is, or of the next one that has any."""
        for _ in range(len(self._turns)):
            kind = self._turns[0]
            self._turns.rotate(-1)
            job = kind.lease(self._lease_seconds)
            if job is not None:
                self._start(kind, job)
                return True
        return False

    def _start(self, kind: JobKind, job: LeasedJob) -> None:
        control = JobControl(stop_requested=job.stop_requested)
        files = JobFiles(kind.folder / job.name)
        run = JobRun(job, job.work(files, control), files, control)

        def work() -> None:
            try:
                run.run()
            finally:
                running.has_ended = True
                self._one_ended.set()

        thread = threading.Thread(target=work, name=job.name, daemon=True)
        before = self._running.get((kind.name, job.name))
        if before is not None:  # its lease ran out while this runner did not get to renew it
            before.control.let_go(lease_lost=True)
        running = _RunningJob(kind, job.name, thread, control, time.monotonic())
        self._running[kind.name, job.name] = running
        thread.start()

    def _look_after(self, job: _RunningJob) -> None:
        if time.monotonic() - job.renewed_at < min(_LOOK_SECONDS, self._lease_seconds / 3):
            return
        try:
            stop_requested = job.kind.renew(job.name, self._lease_seconds)
        except LeaseLostError:
            if not job.has_ended:  # else the job has ended just now
                job.control.let_go(lease_lost=True)
            return
        job.renewed_at = time.monotonic()
        if stop_requested:
            job.control.request_stop()

    def _let_go(self) -> None:
        for job in self._running.values():
            job.control.let_go()
        deadline = time.monotonic() + _ENDING_SECONDS
        for job in self._running.values():
            job.thread.join(max(0.0, deadline - time.monotonic()))
            if not job.thread.is_alive():
                with suppress(PairloomError):  # it has ended, or is another's
                    job.kind.release(job.name)


def _sweep(kind: JobKind) -> None:
    """Take away the folders of jobs that have ended, which a killed runner left."""
    kind.folder.mkdir(parents=True, exist_ok=True)
    for root in kind.folder.iterdir():
        files = JobFiles(root)
        if kind.is_over(root.name) and is_free(files.lock):
            files.remove()
