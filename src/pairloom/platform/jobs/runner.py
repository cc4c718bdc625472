"""Takes jobs from the store, one for each free core, and keeps its hold on them while they run."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from pairloom.errors import PairloomError
from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.job_lock import is_free
from pairloom.platform.jobs.job_run import JobRun, Surroundings
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import LeaseLostError, TrainingJobRecord

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
    thread: threading.Thread
    control: JobControl
    renewed_at: float


class Runner:
    """Runs jobs until it is told to end.

    Parameters
    ----------
    around
        What the jobs share.
    slots
        How many jobs run at once.
    lease_seconds
        After how long without a sign of life another runner may take this one's jobs.
    """

    def __init__(
        self,
        around: Surroundings,
        settings: PlatformSettings,
        *,
        slots: int,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._around = around
        self._settings = settings
        self._slots = slots
        self._lease_seconds = lease_seconds
        self._running: dict[str, _RunningJob] = {}

    def run(self, ended: threading.Event) -> None:
        """Work until the event is set; jobs that are not finished then are let go of."""
        self._sweep()
        while not ended.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  the database may be locked or away
                _LOGGER.warning("the runner goes on after an error: %s", error)
            ended.wait(_IDLE_SECONDS)
        self._let_go()

    def _step(self) -> None:
        for name in [name for name, job in self._running.items() if not job.thread.is_alive()]:
            del self._running[name]
        for name, job in self._running.items():
            self._look_after(name, job)
        while len(self._running) < self._slots:
            record = self._around.store.lease_training_job(
                self._around.runner_id, self._lease_seconds
            )
            if record is None:
                return
            self._start(record)

    def _start(self, record: TrainingJobRecord) -> None:
        control = JobControl(stop_requested=record.stop_requested)
        run = JobRun(
            self._around,
            record,
            JobFiles(self._settings.job_folder(record.name)),
            self._settings.arn("training-job", record.name),
            control,
        )
        thread = threading.Thread(target=run.run, name=record.name, daemon=True)
        before = self._running.get(record.name)
        if before is not None:  # its lease ran out while this runner did not get to renew it
            before.control.let_go(lease_lost=True)
        self._running[record.name] = _RunningJob(thread, control, time.monotonic())
        thread.start()

    def _look_after(self, name: str, job: _RunningJob) -> None:
        store, runner_id = self._around.store, self._around.runner_id
        if time.monotonic() - job.renewed_at < min(_LOOK_SECONDS, self._lease_seconds / 3):
            return
        try:
            record = store.renew_lease(name, runner_id, self._lease_seconds)
        except LeaseLostError:
            if job.thread.is_alive():  # else the job has ended just now
                job.control.let_go(lease_lost=True)
            return
        job.renewed_at = time.monotonic()
        if record.stop_requested:
            job.control.request_stop()

    def _let_go(self) -> None:
        for job in self._running.values():
            job.control.let_go()
        deadline = time.monotonic() + _ENDING_SECONDS
        for name, job in self._running.items():
            job.thread.join(max(0.0, deadline - time.monotonic()))
            if not job.thread.is_alive():
                with suppress(PairloomError):  # it has ended, or is another's
                    self._around.store.release_lease(name, self._around.runner_id)

    def _sweep(self) -> None:
        """Take away the folders of jobs that have ended, which a killed runner left."""
        folder = self._settings.jobs_folder
        folder.mkdir(parents=True, exist_ok=True)
        for root in folder.iterdir():
            record = self._around.store.training_job(root.name)
            files = JobFiles(root)
            if (record is None or record.has_ended) and is_free(files.lock):
                files.remove()
