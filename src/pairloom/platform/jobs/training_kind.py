"""Training jobs, as the runner takes them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.job_kind import LeasedJob, Surroundings
from pairloom.platform.jobs.training_work import TrainingWork
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import TrainingJobRecord


class TrainingKind:
    """All training jobs of a platform."""

    name: Final = "training job"

    def __init__(self, around: Surroundings, settings: PlatformSettings) -> None:
        self._around = around
        self._settings = settings

    @property
    def folder(self) -> Path:
        """Holds the folder of each job."""
        return self._settings.jobs_folder

    def lease(self, seconds: float) -> LeasedJob | None:
        """Take the oldest job that nobody works on."""
        record = self._around.store.lease_training_job(self._around.runner_id, seconds)
        if record is None:
            return None
        work = partial(self._work, record)
        return LeasedJob(record.name, record.stop_requested, record.attempts, work)

    def renew(self, name: str, seconds: float) -> bool:
        """Prolong the lease; says whether the job is to stop."""
        record = self._around.store.renew_lease(name, self._around.runner_id, seconds)
        return record.stop_requested

    def release(self, name: str) -> None:
        """Let any runner take the job at once."""
        self._around.store.release_lease(name, self._around.runner_id)

    def is_over(self, name: str) -> bool:
        """Say whether a job has ended, or was never there."""
        record = self._around.store.training_job(name)
        return record is None or record.has_ended

    def _work(
        self, record: TrainingJobRecord, files: JobFiles, control: JobControl
    ) -> TrainingWork:
        return TrainingWork(self._around, record, files, self._settings, control)
