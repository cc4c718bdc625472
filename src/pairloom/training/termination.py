"""SIGTERM as a request to end well, which training hears between two blocks of work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TERMINATED = 128 + signal.SIGTERM


@contextmanager
def termination_noticed() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether SIGTERM has come; a second SIGTERM ends the process."""
    came = threading.Event()

    def notice(*_: object) -> None:
        came.set()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    if threading.current_thread() is not threading.main_thread():  # which alone may handle signals
        yield came.is_set
        return
    before = signal.signal(signal.SIGTERM, notice)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
