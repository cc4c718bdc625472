"""One job of any kind from lease to end, or to where another runner goes on with it."""

from __future__ import annotations

import logging
from contextlib import suppress

from pairloom.errors import PairloomError, PlatformError
from pairloom.platform.jobs.failure_reason import reason_of_error
from pairloom.platform.jobs.job_control import JobControl, LetGoError
from pairloom.platform.jobs.job_files import JobFiles
from pairloom.platform.jobs.job_kind import JobWork, LeasedJob
from pairloom.platform.jobs.job_lock import JobHeldError, held
from pairloom.platform.store import StoreAwayError

_LOGGER = logging.getLogger(__name__)

MOST_INTERRUPTIONS = 5
_LOCK_PATIENCE_SECONDS = 30.0


class JobRun:
    """Works on one job."""

    def __init__(self, job: LeasedJob, work: JobWork, files: JobFiles, control: JobControl) -> None:
        self._name, self._attempts = job.name, job.attempts
        self._work = work
        self._files = files
        self._control = control

    def run(self) -> None:
        """Bring the job to its end, or let go of it when told to."""
        try:
            with held(self._files.lock, _LOCK_PATIENCE_SECONDS) as lock:
                self._run(lock)
        except (LetGoError, StoreAwayError, JobHeldError) as let_go:
            _LOGGER.info("job %s: %s", self._name, let_go)
        except OSError as error:  # not even its folder could be made
            _LOGGER.error("job %s failed: %s", self._name, error)  # noqa: TRY400  no trace
            self._work.fails(reason_of_error(error))

    def _run(self, lock: int) -> None:
        try:
            self._files.take(self._attempts)
            self._count_interruptions()
            self._work.run(lock)
        except (LetGoError, StoreAwayError):
            if not self._control.lease_lost:
                with suppress(OSError):  # the disk is full: one interruption more is counted
                    self._files.note_interruptions(max(0, self._files.interruptions - 1))
            raise
        except Exception as error:
            expected = isinstance(error, (PairloomError, OSError))
            _LOGGER.exception("job %s failed", self._name, exc_info=None if expected else error)
            self._work.fails(reason_of_error(error))
        self._files.remove()

    def _count_interruptions(self) -> None:
        count = self._files.interruptions + 1
        self._files.note_interruptions(count)
        if count - 1 > MOST_INTERRUPTIONS:
            raise PlatformError(
                f"the platform died {count - 1} times while it ran this job; its log and the "
                "platform's own say how far it came"
            )
        if self._attempts > 1:
            self._work.restarts()
