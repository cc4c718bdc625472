"""Keeps a job's checkpoints equal with those below an address of the object store."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pairloom.errors import PairloomError
from pairloom.platform.jobs.archive import files_below
from pairloom.platform.jobs.channel_download import download
from pairloom.platform.jobs.channel_files import stored_files
from pairloom.platform.jobs.disk_space import refuse_full_disk
from pairloom.platform.objectstore.objects import Location, Objects

_LOGGER = logging.getLogger(__name__)

_SECONDS_BETWEEN = 5.0
_UNFINISHED = (".partial", ".new")


class CheckpointExchange:
    """The checkpoints of one job, here and in the object store.

    Parameters
    ----------
    folder
        Where the train program writes them.

    Attributes
    ----------
    num_brought
        How many files were found at the address and downloaded.
    """

    def __init__(self, objects: Objects, prefix: Location, folder: Path) -> None:
        self._objects = objects
        self._prefix = prefix
        self._folder = folder
        self._sent: dict[Path, tuple[int, int]] = {}
        self.num_brought = 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def bring(self) -> None:
        """Download what an earlier run left, unless this one has checkpoints of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if files_below(self._folder):
            return
        folder = Location(self._prefix.bucket, f"{self._prefix.key.rstrip('/')}/".lstrip("/"))
        files = stored_files(self._objects, folder)
        num_bytes = sum(file.item.num_bytes for file in files)
        refuse_full_disk(num_bytes, self._folder, f"what is below {folder}")
        download(self._objects, folder, files, self._folder)
        self._sent = {path: _state(path) for path in files_below(self._folder)}
        self.num_brought = len(files)

    def start(self) -> None:
        """Send new ones from now on."""
        self._thread.start()

    def close(self) -> None:
        """End without another look."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def send(self) -> None:
        """Upload those that changed; take away there what was sent and is no longer here."""
        here = {
            path: _state(path)
            for path in files_below(self._folder)
            if not path.name.endswith(_UNFINISHED)
        }
        for path, state in here.items():
            if self._sent.get(path) != state:
                self._objects.upload(path, self._place(path))
                self._sent[path] = state
        for path in self._sent.keys() - here.keys():
            self._objects.delete(self._place(path))
            del self._sent[path]

    def _run(self) -> None:
        while not self._closed.wait(_SECONDS_BETWEEN):
            try:
                self.send()
            except (PairloomError, OSError) as error:  # noqa: PERF203  replaced just now, perhaps
                _LOGGER.warning("checkpoints of %s are sent later: %s", self._folder, error)

    def _place(self, path: Path) -> Location:
        return self._prefix.below(path.relative_to(self._folder).as_posix())


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
