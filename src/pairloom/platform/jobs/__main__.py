"""The runner as a process: `python -m pairloom.platform.jobs DIR`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

from pairloom.platform.jobs.job_run import Surroundings
from pairloom.platform.jobs.runner import Runner, new_runner_id
from pairloom.platform.objectstore.client import s3_client
from pairloom.platform.settings import read_settings
from pairloom.platform.store import Store
from pairloom.runtime import allowed_threads


def main(folder: Path) -> int:
    """Run the jobs of the platform in a folder until SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    settings = read_settings(folder)
    with Store(settings.database_url) as store:
        around = Surroundings(store, s3_client(settings, attempts=1), new_runner_id())
        Runner(around, settings, slots=allowed_threads()).run(ended)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
