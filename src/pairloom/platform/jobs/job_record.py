"""The course of one job as the store keeps it, written by the runner that holds its lease."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.patience import patiently
from pairloom.platform.store import Store, TrainingJobRecord

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pairloom.platform.store.records import JobResults

DOWNLOADING, TRAINING, UPLOADING = "Downloading", "Training", "Uploading"
RESTARTING = "Restarting"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
TOO_LONG = "MaxRuntimeExceeded"

_MESSAGES = {
    DOWNLOADING: "Downloading input data",
    TRAINING: "Training image download completed. Training in progress.",
    UPLOADING: "Uploading generated training model",
    RESTARTING: "Going on after the platform was interrupted",
    COMPLETED: "Training job completed",
    FAILED: "Training job failed",
    STOPPED: "Training job stopped",
    TOO_LONG: "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class JobCourse:
    """Moves one job on.

    Every method raises LetGoError once the job is another runner's.
    """

    def __init__(
        self, store: Store, record: TrainingJobRecord, runner_id: str, control: JobControl
    ) -> None:
        self._store = store
        self._runner_id = runner_id
        self._control = control
        self.record = record

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def started_at(self) -> float:
        """When the job began to be worked on, by this runner or an earlier one."""
        return self.record.results.get("training_started_at", self.record.created_at)

    def restarts(self) -> None:
        self._move(RESTARTING)

    def downloads(self) -> None:
        """Say that the input is being brought; the job's time is counted from here on."""
        began = self.record.results.get("training_started_at", time.time())
        self._move(DOWNLOADING, training_started_at=began)

    def trains(self) -> None:
        self._move(TRAINING)

    def uploads(self) -> None:
        self._move(UPLOADING)

    def ends(self, status: str, ended_at: float, **results: Unpack[JobResults]) -> None:
        """End the job; its time and its metrics are added."""
        began = self.record.results.get("training_started_at")
        if began is not None:
            results["training_ended_at"] = ended_at
            results["training_seconds"] = math.ceil(max(0.0, ended_at - began))
            results["billable_seconds"] = max(1, results["training_seconds"])
        final = self._final_metrics()
        if final:
            results["final_metrics"] = final
        self._move(status, **results)

    def _move(self, status: str, **results: Unpack[JobResults]) -> None:
        def move() -> TrainingJobRecord:
            return self._store.transition(
                self.name, status, _MESSAGES[status], runner_id=self._runner_id, **results
            )

        self.record = self._control.keep(move)

    def _final_metrics(self) -> list[dict[str, object]]:
        points = patiently(lambda: self._store.metrics({"TrainingJobName": self.name}))
        last = {point.name: point for point in points}
        return [
            {"MetricName": name, "Value": last[name].value, "Timestamp": last[name].timestamp}
            for name in sorted(last)
        ]
