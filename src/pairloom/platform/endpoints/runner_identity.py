"""One runner of endpoints for each folder, under one name: the next knows what it may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairloom.platform.jobs.job_lock import held
from pairloom.platform.jobs.runner import new_runner_id

_PATIENCE_SECONDS = 60.0


@contextmanager
def only_runner(folder: Path) -> Iterator[str]:
    """Be the only runner of a folder; yields the name that all runners of it have had.

    Whatever a runner of this name held is free once this is entered: that process is gone.

    Raises
    ------
    JobHeldError
        Another one runs, and went on.
    """
    with held(folder / ".runner-lock", _PATIENCE_SECONDS):
        kept = folder / ".runner-name"
        if not kept.exists():
            scratch = kept.with_name(f"{kept.name}.new")
            scratch.write_text(new_runner_id(), encoding="utf-8")
            scratch.replace(kept)
        yield kept.read_text(encoding="utf-8")
