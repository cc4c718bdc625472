"""The runner as a process: `python -m pairloom.platform.endpoints DIR`."""

from __future__ import annotations

import threading
from pathlib import Path

from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.endpoints.capture_upload import CaptureUpload
from pairloom.platform.endpoints.runner import EndpointRunner
from pairloom.platform.endpoints.runner_identity import only_runner
from pairloom.platform.folder_process import work_until_told
from pairloom.platform.jobs.job_kind import Surroundings
from pairloom.platform.objectstore.client import s3_client
from pairloom.platform.settings import read_settings
from pairloom.platform.store import Store


def run(folder: Path, ended: threading.Event) -> None:
    """Serve the endpoints of the platform in a folder until the event is set."""
    settings = read_settings(folder)
    with only_runner(settings.endpoints_folder) as name, Store(settings.database_url) as store:
        client = s3_client(settings, attempts=1)
        runner = EndpointRunner(Surroundings(store, client, name), settings)
        runner.take_back()
        upload = CaptureUpload(CaptureFolder(settings.capture_folder), client)
        upload.start()
        runner.run(ended)
        upload.close()


if __name__ == "__main__":
    work_until_told(run)
