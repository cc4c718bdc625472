"""The loop that starts the platform's processes, replaces those that die and ends them all."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from pairloom.platform.supervisor.service import Service, ServiceProcess

logger = logging.getLogger(__name__)

_HEARD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LONGEST_SLEEP_SECONDS: Final = 5.0


class Supervisor:
    """Owns one process for each service; call it in the main thread.

    Parameters
    ----------
    services
        In the order in which they are started; they are ended at once.
    logs_folder
        Where each process' own log is.
    changed
        Called with the processes after each start and end.
    """

    def __init__(
        self,
        services: Sequence[Service],
        logs_folder: Path,
        changed: Callable[[Sequence[ServiceProcess]], None],
    ) -> None:
        self.processes = [ServiceProcess(service, logs_folder) for service in services]
        self.stopping = False
        self._changed = changed
        self._heard = -1

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start all processes, hear signals meanwhile, and end all processes at the end."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("signals are heard in the main thread alone")
        self._heard, wakes = os.pipe()
        os.set_blocking(wakes, False)
        before = signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, self._hear) for number in _HEARD}
        handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            for process in self.processes:
                process.start()
                self._changed(self.processes)
            yield
        finally:
            self._stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)
            os.close(wakes)
            os.close(self._heard)

    def run(self) -> None:
        """Keep the processes running until a signal says that it is enough."""
        while not self.stopping:
            self.step(_LONGEST_SLEEP_SECONDS)

    def step(self, seconds: float) -> None:
        """Sleep until something happens, but no longer than told; replace what has died."""
        waits = [process.seconds_to_restart() for process in self.processes]
        self._sleep(min([seconds, *(wait for wait in waits if wait is not None)]))
        for process in self.processes:
            ending = process.ending()
            if ending and not self.stopping:
                logger.warning("%s ended by %s; see %s", process.service.name, ending, process.log)
                self._tell_of_change()
            if process.seconds_to_restart() == 0 and not self.stopping:
                process.restart()
                logger.info("%s started again (process %d)", process.service.name, process.pid)
                self._tell_of_change()

    def _tell_of_change(self) -> None:
        try:
            self._changed(self.processes)
        except OSError as error:  # the disk is full, say: the processes matter more
            logger.warning("who runs was not written down: %s", error)

    def _sleep(self, seconds: float) -> None:
        if select.select([self._heard], [], [], max(seconds, 0.0))[0]:
            os.read(self._heard, 4096)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _stop(self) -> None:
        """End all processes at once, but for those that the others need meanwhile."""
        for outlives in (False, True):
            ending = [of for of in self.processes if of.service.outlives_others is outlives]
            for process in ending:
                process.begin_to_stop()
            for process in ending:
                if not process.stop():
                    logger.warning(
                        "%s did not end in %g s; killed",
                        process.service.name,
                        process.service.stop_seconds,
                    )
        self._changed(self.processes)  # last: it may fail, as where the folder was removed
