"""The process that starts the workers, replaces those that die and ends them all."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from typing import Protocol

from pairloom.errors import PlatformError

logger = logging.getLogger(__name__)

ENDING = frozenset({signal.SIGTERM, signal.SIGINT})
_HEARD = ENDING | {signal.SIGCHLD, signal.SIGALRM}
_EARLY_DEATH_SECONDS = 1.0
_MOST_EARLY_DEATHS = 5
_REPORTING_SECONDS = 2.0  # for a worker that has used up its time to drain


class Workers(Protocol):
    """What there is to supervise. All but `run` is called in the supervising process."""

    @property
    def count(self) -> int: ...

    def prepare(self, number: int) -> None:
        """Get ready for a new process of this number; the one before it, if any, is gone."""

    def run(self, number: int) -> None:
        """Work in a process of its own until told to end, by a signal of `ENDING`.

        They are blocked, so that none is lost before this hears and unblocks them.
        """

    def announce(self) -> None:
        """Say that all workers were started; signals are heard from now on."""

    def close(self) -> None:
        """Take no more connections; the workers hear next that they shall end."""


class Supervisor:
    """Forks one process per worker and waits for signals, doing nothing else.

    Parameters
    ----------
    workers
        What to run.
    drain_seconds
        How long the workers have to end after SIGTERM before they are killed.
    """

    def __init__(self, workers: Workers, drain_seconds: float) -> None:
        self._workers = workers
        self._drain_seconds = drain_seconds
        self._numbers: dict[int, int] = {}  # by process id
        self._started: dict[int, float] = {}  # by number
        self._early_deaths = 0
        self._stopping = False

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT, then let them drain.

        Raises
        ------
        PlatformError
            Workers die as soon as they are started.
        """
        # A signal whose default is to be ignored may be lost while it is blocked; one with a
        # handler is not.
        before = signal.signal(signal.SIGCHLD, lambda *_: None)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            for number in range(self._workers.count):
                self._start(number)
            self._workers.announce()
            while self._numbers:
                self._handle(signal.sigwait(_HEARD))
        finally:
            self._signal_workers(signal.SIGKILL)
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            signal.signal(signal.SIGCHLD, before)

    def _handle(self, heard: int) -> None:
        if heard == signal.SIGCHLD:
            self._reap()
        elif heard == signal.SIGALRM:
            logger.warning("workers did not end in %g seconds; killed", self._drain_seconds)
            self._signal_workers(signal.SIGKILL)
        elif not self._stopping:
            self._stopping = True
            self._workers.close()
            self._signal_workers(signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, self._drain_seconds + _REPORTING_SECONDS)

    def _start(self, number: int) -> None:
        self._workers.prepare(number)
        process = os.fork()
        if process == 0:
            self._be_worker(number)
        self._numbers[process] = number
        self._started[number] = time.monotonic()

    def _be_worker(self, number: int) -> None:
        code = 1
        try:
            self._numbers.clear()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Whoever takes these over restores them at its end and raises again what came.
            signal.signal(signal.SIGTERM, lambda *_: None)
            signal.signal(signal.SIGINT, lambda *_: None)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD - ENDING)
            self._workers.run(number)
            code = 0
        except BaseException:
            logger.exception("worker %d failed", number)
        finally:
            logging.shutdown()
            os._exit(code)  # nothing that the parent would clean up may run here

    def _reap(self) -> None:
        for process, number in list(self._numbers.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended == process:
                del self._numbers[process]
                if not self._stopping:
                    self._replace(number, process, status)

    def _replace(self, number: int, process: int, status: int) -> None:
        age = time.monotonic() - self._started[number]
        self._early_deaths = self._early_deaths + 1 if age < _EARLY_DEATH_SECONDS else 0
        ending = _ending(status)
        if self._early_deaths > _MOST_EARLY_DEATHS:
            raise PlatformError(
                f"{self._early_deaths} workers in a row ended within {_EARLY_DEATH_SECONDS:g} s "
                f"of their start, the last by {ending}; see what they logged"
            )
        logger.warning("worker %d (process %d) ended by %s; replaced", number, process, ending)
        self._start(number)

    def _signal_workers(self, number: int) -> None:
        for process in self._numbers:
            with suppress(ProcessLookupError):
                os.kill(process, number)


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
