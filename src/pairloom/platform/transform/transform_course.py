"""The course of one transform job as the store keeps it, written by who holds its lease."""

from __future__ import annotations

import time
from typing import Any, Final

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.store import ResourceRecord, Store

IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
UNFINISHED: Final = frozenset({IN_PROGRESS, STOPPING})


class TransformCourse:
    """Moves one job on.

    Every method raises LetGoError once the job is another runner's.
    """

    def __init__(
        self, store: Store, record: ResourceRecord, runner_id: str, control: JobControl
    ) -> None:
        self._store = store
        self._runner_id = runner_id
        self._control = control
        self._record = record

    def begins(self) -> None:
        """Note when the job began to be worked on, by this runner or an earlier one."""
        if "started_at" not in self._record.state:
            self._change(started_at=time.time())

    def ends(self, status: str, ended_at: float, **state: Any) -> None:
        """End the job."""
        self._change(status=status, ended_at=ended_at, **state)

    def _change(self, **members: Any) -> None:
        self._record = self._control.keep(
            lambda: self._store.transform_jobs.change(
                self._record.name, runner_id=self._runner_id, **members
            )
        )
