"""Whether a serve program answers /ping, asked beside whatever else is done for it."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from typing import Final

PING_SECONDS: Final = 2.0  # as long as SageMaker waits
MOST_SILENT: Final = 5
_MOST_MISSED: Final = 1
_EVERY_SECONDS: Final = 1.0
_EVERY_SECONDS_AT_START: Final = 0.05


class PingWatch:
    """Asks for /ping in a thread of its own: a program that hangs holds nobody else up.

    A program that refuses connections is about to end, and may end what it was asked. One that
    takes them and stays silent hangs.

    Parameters
    ----------
    port
        Of loopback.
    changed
        Called, in that thread, when the program answers for the first time, no more, or again.
    """

    def __init__(self, port: int, changed: Callable[[], None]) -> None:
        self.has_answered = False
        self._port = port
        self._changed = changed
        self._num_missed = self._num_silent = 0  # both in a row
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ping-{port}", daemon=True)
        self._thread.start()

    @property
    def answers(self) -> bool:
        return self.has_answered and self._num_missed <= _MOST_MISSED

    @property
    def hangs(self) -> bool:
        """Whether a program that once answered has been silent for too long."""
        return self.has_answered and self._num_silent >= MOST_SILENT

    def close(self) -> None:
        """Ask no more; the last answer is waited for."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            before, began = (self.answers, self.hangs), time.monotonic()
            self._ask()
            if (self.answers, self.hangs) != before:
                self._changed()
            every = _EVERY_SECONDS if self.has_answered else _EVERY_SECONDS_AT_START
            self._closed.wait(began + every - time.monotonic())

    def _ask(self) -> None:
        try:
            is_well = _status_of_ping(self._port) == http.client.OK
        except TimeoutError:
            is_well = False
        except (OSError, http.client.HTTPException):
            self._num_missed, self._num_silent = self._num_missed + 1, 0
            return
        if is_well:
            self._num_missed = self._num_silent = 0
            self.has_answered = True
        else:
            self._num_missed, self._num_silent = self._num_missed + 1, self._num_silent + 1


def _status_of_ping(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PING_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status
    finally:
        connection.close()
