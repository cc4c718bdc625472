"""The tuner as a process: `python -m pairloom.platform.tuning DIR`."""

from __future__ import annotations

import threading
from pathlib import Path

from pairloom.platform.folder_process import work_until_told
from pairloom.platform.jobs.runner import new_runner_id
from pairloom.platform.settings import read_settings
from pairloom.platform.store import Store
from pairloom.platform.tuning.tuner import Tuner


def run(folder: Path, ended: threading.Event) -> None:
    """Tune for the platform in a folder until the event is set."""
    settings = read_settings(folder)
    with Store(settings.database_url) as store:
        Tuner(store, settings, new_runner_id()).run(ended)


if __name__ == "__main__":
    work_until_told(run)
