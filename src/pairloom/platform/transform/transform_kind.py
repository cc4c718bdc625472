"""Transform jobs, as the runner takes them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.job_kind import LeasedJob, Surroundings
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import ResourceRecord
from pairloom.platform.transform.transform_course import UNFINISHED
from pairloom.platform.transform.transform_work import TransformWork


class TransformKind:
    """All transform jobs of a platform."""

    name: Final = "transform job"

    def __init__(self, around: Surroundings, settings: PlatformSettings) -> None:
        self._around = around
        self._jobs = around.store.transform_jobs
        self._settings = settings

    @property
    def folder(self) -> Path:
        """Holds the folder of each job."""
        return self._settings.transforms_folder

    def lease(self, seconds: float) -> LeasedJob | None:
        """Take the oldest job that nobody works on."""
        record = self._jobs.lease(self._around.runner_id, seconds, UNFINISHED)
        if record is None:
            return None
        work = partial(self._work, record)
        return LeasedJob(record.name, record.stop_requested, record.attempts, work)

    def renew(self, name: str, seconds: float) -> bool:
        """Prolong the lease; says whether the job is to stop."""
        return self._jobs.renew(name, self._around.runner_id, seconds).stop_requested

    def release(self, name: str) -> None:
        """Let any runner take the job at once."""
        self._jobs.release(name, self._around.runner_id)

    def is_over(self, name: str) -> bool:
        """Say whether a job has ended, or was never there."""
        record = self._jobs.get(name)
        return record is None or record.status not in UNFINISHED

    def _work(self, record: ResourceRecord, files: JobFiles, control: JobControl) -> TransformWork:
        return TransformWork(self._around, record, files, control)
