"""Takes tuning jobs from the store and moves them on until they end."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Final

from pairloom.errors import PairloomError, UserError
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import (
    ConflictError,
    LeaseLostError,
    NotFoundError,
    ResourceRecord,
    Store,
)
from pairloom.platform.tuning.tuning_course import TuningCourse
from pairloom.platform.tuning.tuning_request import ACTIVE

_LOGGER = logging.getLogger(__name__)

LEASE_SECONDS: Final = 15.0
_IDLE_SECONDS: Final = 0.3


class Tuner:
    """Tunes until it is told to end.

    Parameters
    ----------
    runner_id
        A name that no tuner had before.
    lease_seconds
        After how long without a sign of life another tuner may take this one's tuning jobs.
    """

    def __init__(
        self,
        store: Store,
        settings: PlatformSettings,
        runner_id: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._store = store
        self._changes = store.watch()
        self._settings = settings
        self._runner_id = runner_id
        self._lease_seconds = lease_seconds
        self._held: dict[str, TuningCourse] = {}
        self._told: set[str] = set()

    def run(self, ended: threading.Event) -> None:
        """Work until the event is set; tuning jobs that are under way are then let go of."""
        while not ended.is_set():
            try:
                if self._held or self._changes.is_due():
                    self.step()
            except Exception as error:  # noqa: BLE001  the database may be locked or away
                _LOGGER.warning("the tuner goes on after an error: %s", error)
            ended.wait(_IDLE_SECONDS)
        for name in self._held:
            with suppress(PairloomError):  # it has ended, or is another's
                self._store.tuning_jobs.release(name, self._runner_id)

    def step(self) -> None:
        """Take what is free, and move everything on."""
        jobs = self._store.tuning_jobs
        while (record := jobs.lease(self._runner_id, self._lease_seconds, ACTIVE)) is not None:
            self._take(record)
        for name in list(self._held):
            self._move_on(name)

    def _move_on(self, name: str) -> None:
        try:
            record = self._store.tuning_jobs.renew(name, self._runner_id, self._lease_seconds)
            if self._held[name].step(record):
                del self._held[name]
                self._store.tuning_jobs.release(name, self._runner_id)
        except ConflictError as error:  # it was told to stop just now
            _LOGGER.info("tuning job %s: %s", name, error)
        except (LeaseLostError, NotFoundError) as error:
            _LOGGER.info("tuning job %s is let go of: %s", name, error)
            del self._held[name]
        except Exception as error:  # noqa: BLE001  the others go on
            self._tell(name, error)

    def _tell(self, name: str, error: Exception) -> None:
        """Log an error, with its trace the first time: it may come back at every step."""
        told = f"{name}: {error}"
        trace = error if told not in self._told else None
        _LOGGER.warning("tuning job %s goes on after an error: %s", name, error, exc_info=trace)
        self._told.add(told)

    def _take(self, record: ResourceRecord) -> None:
        try:
            self._held[record.name] = TuningCourse(
                self._store, self._settings, record, self._runner_id
            )
        except UserError as error:  # it was checked when it was made, by another release
            self._store.tuning_jobs.change(
                record.name,
                runner_id=self._runner_id,
                status="Failed",
                failure_reason=str(error),
                ended_at=time.time(),
            )
