"""The runner as a process: `python -m pairloom.platform.jobs DIR`."""

from __future__ import annotations

import threading
from pathlib import Path

from pairloom.platform.folder_process import work_until_told
from pairloom.platform.jobs.job_kind import JobKind, Surroundings
from pairloom.platform.jobs.runner import Runner, new_runner_id
from pairloom.platform.jobs.training_kind import TrainingKind
from pairloom.platform.objectstore.client import s3_client
from pairloom.platform.settings import read_settings
from pairloom.platform.store import Store
from pairloom.platform.transform.transform_kind import TransformKind
from pairloom.runtime import allowed_threads


def run(folder: Path, ended: threading.Event) -> None:
    """Run the jobs of the platform in a folder until the event is set."""
    settings = read_settings(folder)
    with Store(settings.database_url) as store:
        around = Surroundings(store, s3_client(settings, attempts=1), new_runner_id())
        kinds: list[JobKind] = [
            TrainingKind(around, settings),
            TransformKind(around, settings),
        ]
        Runner(kinds, store.watch(), slots=allowed_threads()).run(ended)


if __name__ == "__main__":
    work_until_told(run)
