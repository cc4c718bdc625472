"""Sends captured requests to the object store, in the background."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Any, Final

from pairloom.errors import PairloomError
from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.objectstore.objects import Location, Objects

_LOGGER = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 10.0
_AWAY_SECONDS: Final = 5.0


class _EndedError(Exception):
    """The runner ends."""


class CaptureUpload:
    """A thread that sends complete files; they stay on disk until they were taken.

    Parameters
    ----------
    client
        Of the object store.
    """

    def __init__(self, folder: CaptureFolder, client: Any) -> None:
        self._folder = folder
        self._ended = threading.Event()
        self._objects = Objects(client, patience_seconds=_AWAY_SECONDS, keep_on=self._refuse_ended)
        self._thread = threading.Thread(target=self._run, name="capture-upload", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Send no more; the next runner goes on."""
        self._ended.set()
        self._thread.join()

    def send(self) -> bool:
        """Send what there is; return whether all of it was taken."""
        refused: set[str] = set()
        for file in self._folder.complete_files():
            if file.destination in refused:
                continue
            try:
                place = Location.parse(file.destination).below(file.name)
                self._objects.upload(file.path, place)
            except (PairloomError, OSError) as error:
                _LOGGER.warning("data capture waits for %s: %s", file.destination, error)
                refused.add(file.destination)
            else:
                file.path.unlink(missing_ok=True)
        return not refused

    def _run(self) -> None:
        pause = 0.0
        with suppress(_EndedError):
            while not self._ended.wait(pause):
                pause = _LOOK_SECONDS if self.send() else _AGAIN_SECONDS

    def _refuse_ended(self) -> None:
        if self._ended.is_set():
            raise _EndedError
