"""What the runner asks of each kind of job: who has it, and what is to be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pairloom.platform.jobs.job_control import JobControl
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.objectstore.objects import Objects
from pairloom.platform.store import Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the jobs, or the endpoints, of one runner share.

    Attributes
    ----------
    client
        Of the object store.
    away_seconds
        How long the object store may be away.
    stop_seconds
        How long a job's program has to end after SIGTERM.
    """

    store: Store
    client: Any
    runner_id: str
    away_seconds: float = 120.0
    stop_seconds: float = 120.0

    def objects(self, keep_on: Callable[[], None]) -> Objects:
        """Return the objects; work on them ends as soon as `keep_on` raises."""
        return Objects(self.client, patience_seconds=self.away_seconds, keep_on=keep_on)


class JobWork(Protocol):
    """One job on its way; every method raises LetGoError once the job is another runner's."""

    def run(self, lock: int) -> None:
        """Bring the job to its end; its processes inherit the descriptor `lock`."""

    def restarts(self) -> None:
        """Say that the job goes on after an earlier runner died."""

    def fails(self, reason: str) -> None:
        """End the job without success."""


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job that is this runner's for some seconds.

    Attributes
    ----------
    attempts
        How often a runner took the job.
    work
        Returns what is to be done for it.
    """

    name: str
    stop_requested: bool
    attempts: int
    work: Callable[[JobFiles, JobControl], JobWork]


class JobKind(Protocol):
    """All jobs of one kind."""

    @property
    def name(self) -> str:
        """Of the kind, for messages."""

    @property
    def folder(self) -> Path:
        """Holds the folder of each job."""

    def lease(self, seconds: float) -> LeasedJob | None:
        """Take the oldest job that nobody works on."""

    def renew(self, name: str, seconds: float) -> bool:
        """Prolong the lease; says whether the job is to stop. Raises LeaseLostError."""

    def release(self, name: str) -> None:
        """Let any runner take the job at once."""

    def is_over(self, name: str) -> bool:
        """Say whether a job has ended, or was never there."""
