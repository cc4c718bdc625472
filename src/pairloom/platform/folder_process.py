"""What the processes that work for a platform's folder have in common: `python -m MODULE DIR`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path


def work_until_told(work: Callable[[Path, threading.Event], None]) -> None:
    """Do the work of a process for the folder that its command line names.

    What it logs goes to standard error, which is the process's own file in the platform's `logs`.

    Parameters
    ----------
    work
        Is given the folder, and an event that SIGTERM and SIGINT set; it then ends.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    work(Path(sys.argv[1]), ended)
