"""One instance of a variant: a serving process, replaced whenever it dies or hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

from pairloom.platform.endpoints.ping_watch import MOST_SILENT, PING_SECONDS
from pairloom.platform.endpoints.serving_process import ServingProcess

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 10.0
_STEADY_SECONDS = 10.0  # a process that served as long is replaced at once
_MANY_DEATHS = 3


class Instance:
    """A serving process, from its first start on.

    Parameters
    ----------
    launch
        Starts a process.
    startup_seconds
        How long a process may take until it answers.
    close
        Called when no process will be started any more.
    """

    def __init__(
        self,
        launch: Callable[[], ServingProcess],
        startup_seconds: float,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._launch = launch
        self._startup_seconds = startup_seconds
        self._close = close
        self._process: ServingProcess | None = None
        self._retired_at: float | None = None
        self._due = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self.num_deaths = 0  # in a row
        self.last_death = ""
        self.has_answered = False

    @property
    def port(self) -> int | None:
        """Where it answers; None while it does not."""
        return self._process.port if self._process else None

    @property
    def trouble(self) -> str | None:
        """Why it keeps dying, if it does."""
        if self.num_deaths < _MANY_DEATHS:
            return None
        return f"ended {self.num_deaths} times in a row, the last by {self.last_death}"

    def look(self) -> None:
        """Start a process where there is none, see whether it answers, end it when it hangs."""
        process = self._process
        if process is None:
            self._start_when_due()
            return
        self.has_answered = self.has_answered or process.has_answered
        if process.has_ended:
            self._note_death(process.finish())
        elif process.hangs:
            times = f"{MOST_SILENT} times in a row"
            self._end(process, f"it did not answer /ping within {PING_SECONDS:g} s, {times}")
        elif not process.has_answered:
            self._end_when_late(process)
        elif self.num_deaths and time.monotonic() - process.started > _STEADY_SECONDS:
            self.num_deaths, self._pause = 0, _FIRST_PAUSE_SECONDS

    def retire(self) -> None:
        """Let the process end what it is asked, and end; none takes its place."""
        self._retired_at = time.monotonic()
        if self._process is not None:
            self._process.terminate()

    def has_left(self, patience_seconds: float) -> bool:
        """Return whether a retired instance is gone; one that takes too long is killed."""
        process = self._process
        if process is not None and not process.has_ended:
            waited = time.monotonic() - (self._retired_at or 0.0)
            if waited < patience_seconds and not process.hangs:
                return False
            process.kill()
        if process is not None:
            process.finish()
            self._process = None
        self._close()
        return True

    def _start_when_due(self) -> None:
        if time.monotonic() < self._due:
            return
        try:
            self._process = self._launch()
        except OSError as error:
            self._note_death(f"its start: {error}")

    def _note_death(self, how: str) -> None:
        lasted = time.monotonic() - self._process.started if self._process else 0.0
        self._process = None
        if lasted > _STEADY_SECONDS:
            self.num_deaths, self._pause = 0, _FIRST_PAUSE_SECONDS
        self.num_deaths += 1
        self.last_death = how
        self._due = time.monotonic() + (self._pause if self.num_deaths > 1 else 0.0)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _end_when_late(self, process: ServingProcess) -> None:
        if time.monotonic() - process.started > self._startup_seconds:
            self._end(process, f"it did not answer /ping within {self._startup_seconds:g} s")

    def _end(self, process: ServingProcess, fault: str) -> None:
        self._note_death(process.kill_because(fault))
