"""Takes endpoints from the store and keeps its hold on them while it serves them."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pairloom.errors import PairloomError
from pairloom.platform.endpoints.endpoint_control import EndpointControl
from pairloom.platform.endpoints.endpoint_files import EndpointFiles
from pairloom.platform.endpoints.endpoint_run import EndpointRun
from pairloom.platform.jobs.job_kind import Surroundings
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import LeaseLostError, NotFoundError, ResourceRecord

_LOGGER = logging.getLogger(__name__)

LEASE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.1
_ENDING_SECONDS: Final = 20.0
# Whatever needs processes, or needs them taken away.
_SERVED: Final = frozenset({"Creating", "Updating", "RollingBack", "InService", "Deleting"})


@dataclass(slots=True)
class _RunningEndpoint:
    thread: threading.Thread
    control: EndpointControl
    renewed_at: float


class EndpointRunner:
    """Serves endpoints until it is told to end.

    Parameters
    ----------
    around
        What the endpoints share.
    lease_seconds
        After how long without a sign of life another runner may take this one's endpoints.
    """

    def __init__(
        self,
        around: Surroundings,
        settings: PlatformSettings,
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._around = around
        self._store = around.store.endpoints
        self._changes = around.store.watch()
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._running: dict[str, _RunningEndpoint] = {}

    def run(self, ended: threading.Event) -> None:
        """Work until the event is set; endpoints are then let go of, their processes ended."""
        while not ended.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  the database may be locked or away
                _LOGGER.warning("the runner goes on after an error: %s", error)
            ended.wait(_LOOK_SECONDS)
        self._let_go()

    def take_back(self) -> None:
        """Let go of what an earlier process of the same name held; it is gone."""
        for record in self._store.find():
            if record.runner_id == self._around.runner_id:
                with suppress(NotFoundError, LeaseLostError):
                    self._store.release(record.name, self._around.runner_id)

    def _step(self) -> None:
        self._release_ended()
        if not self._changes.is_due():
            return
        records = {record.name: record for record in self._store.find()}
        for name, endpoint in self._running.items():
            self._look_after(name, endpoint, records.get(name))
        while record := self._store.lease(self._around.runner_id, self._lease_seconds, _SERVED):
            self._start(record)

    def _release_ended(self) -> None:
        for name, endpoint in list(self._running.items()):
            if not endpoint.thread.is_alive():
                with suppress(NotFoundError, LeaseLostError):
                    self._store.release(name, self._around.runner_id)
                del self._running[name]

    def _look_after(
        self, name: str, endpoint: _RunningEndpoint, record: ResourceRecord | None
    ) -> None:
        if record is None or record.runner_id != self._around.runner_id:
            endpoint.control.let_go()
            return
        endpoint.control.tell(record)
        if time.monotonic() - endpoint.renewed_at > self._lease_seconds / 3:
            try:
                self._store.renew(name, self._around.runner_id, self._lease_seconds)
            except (NotFoundError, LeaseLostError):
                endpoint.control.let_go()
            else:
                endpoint.renewed_at = time.monotonic()

    def _start(self, record: ResourceRecord) -> None:
        before = self._running.get(record.name)
        if before is not None:  # its lease ran out while this runner did not get to renew it
            before.control.let_go()
        control = EndpointControl(record)
        files = EndpointFiles(self._settings.endpoints_folder / record.name)
        run = EndpointRun(self._around, record.name, files, control)
        thread = threading.Thread(target=run.run, name=record.name, daemon=True)
        self._running[record.name] = _RunningEndpoint(thread, control, time.monotonic())
        thread.start()

    def _let_go(self) -> None:
        for endpoint in self._running.values():
            endpoint.control.let_go()
        deadline = time.monotonic() + _ENDING_SECONDS
        for name, endpoint in self._running.items():
            endpoint.thread.join(max(0.0, deadline - time.monotonic()))
            if not endpoint.thread.is_alive():
                with suppress(PairloomError):  # it is gone, or another's
                    self._store.release(name, self._around.runner_id)
