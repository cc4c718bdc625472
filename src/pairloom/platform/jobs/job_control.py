"""What is asked of a job while it runs: that it stop, that it be let go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from pairloom.errors import PlatformError
from pairloom.platform.jobs.patience import patiently
from pairloom.platform.store import LeaseLostError

T = TypeVar("T")


class StopRequestedError(Exception):
    """Somebody asked the job to stop."""


class LetGoError(PlatformError):
    """The job is another runner's by now, or this runner ends; nothing more is said of the job."""


class JobControl:
    """Set by the runner, asked by the thread that runs the job."""

    def __init__(self, *, stop_requested: bool = False) -> None:
        self._stop = threading.Event()
        self._let_go = threading.Event()
        self.lease_lost = False
        if stop_requested:
            self.request_stop()

    def request_stop(self) -> None:
        self._stop.set()

    def let_go(self, *, lease_lost: bool = False) -> None:
        self.lease_lost = self.lease_lost or lease_lost
        self._let_go.set()

    @property
    def stop_requested(self) -> bool:
        return self._stop.is_set()

    @property
    def is_let_go(self) -> bool:
        return self._let_go.is_set()

    def refuse_let_go(self) -> None:
        """Raise LetGoError once the job is no longer this runner's."""
        if self._let_go.is_set():
            raise LetGoError("the runner lets go of the job")

    def refuse_either(self) -> None:
        """Raise LetGoError, or StopRequestedError once the job is to stop."""
        self.refuse_let_go()
        if self._stop.is_set():
            raise StopRequestedError

    def keep(self, write: Callable[[], T]) -> T:
        """Write to the store as who holds the job's lease, though the database be away.

        Raises
        ------
        LetGoError
            The lease is another's.
        """
        try:
            return patiently(write, self.refuse_let_go)
        except LeaseLostError as lost:
            self.let_go(lease_lost=True)
            raise LetGoError(str(lost)) from lost
