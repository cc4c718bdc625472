"""How many train and transform programs a platform's jobs have at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from integration.platform.running_platform import all_arguments

_PAUSE_SECONDS = 0.05


@dataclass
class ProgramCounts:
    """The most that were seen at once, by the job's folder and in all."""

    of_job: Counter[str] = field(default_factory=Counter)
    in_all: int = 0


@contextmanager
def programs_counted(folder: Path) -> Iterator[ProgramCounts]:
    """Look many times a second, until the block ends."""
    counts = ProgramCounts()
    ended = threading.Event()

    def count() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            running = Counter(_job_folders(folder, all_arguments().values()))
            counts.of_job |= running
            counts.in_all = max(counts.in_all, sum(running.values()))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join()


def _job_folders(folder: Path, processes: Iterable[list[str]]) -> Iterator[str]:
    """Yield the job's folder for each program; guards are no programs of their own."""
    roots = (f"{folder}/jobs/", f"{folder}/transforms/")
    for arguments in processes:
        if not any(argument.endswith("guard.py") for argument in arguments):
            yield from (argument for argument in arguments if argument.startswith(roots))
