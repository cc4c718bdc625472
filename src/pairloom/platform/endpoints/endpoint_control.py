"""What the runner tells the thread that serves an endpoint."""

from __future__ import annotations

import threading

from pairloom.errors import PlatformError
from pairloom.platform.store import ResourceRecord


class EndpointLetGoError(PlatformError):
    """The endpoint is another runner's by now, or this runner ends."""


class EndpointDeletedError(Exception):
    """Somebody called DeleteEndpoint."""


class EndpointControl:
    """The endpoint's record as it was last read, and whether to go on."""

    def __init__(self, record: ResourceRecord) -> None:
        self._record = record
        self._let_go = threading.Event()
        self._wake = threading.Event()

    @property
    def record(self) -> ResourceRecord:
        return self._record

    def tell(self, record: ResourceRecord) -> None:
        """Hand over a reading of the record; one that has been overtaken is not heeded."""
        if record.modified_at < self._record.modified_at:
            return
        if record.status != self._record.status:
            self._wake.set()
        self._record = record

    def let_go(self) -> None:
        self._let_go.set()
        self._wake.set()

    def wake(self) -> None:
        """End the wait: something has happened."""
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Wait until something happens, no longer than told."""
        self._wake.wait(seconds)
        self._wake.clear()

    def refuse_let_go(self) -> None:
        """Raise EndpointLetGoError once the endpoint is no longer this runner's."""
        if self._let_go.is_set():
            raise EndpointLetGoError("the runner lets go of the endpoint")

    def refuse_either(self) -> None:
        """Raise EndpointLetGoError, or EndpointDeletedError once the endpoint is to go."""
        self.refuse_let_go()
        if self._record.status == "Deleting":
            raise EndpointDeletedError
