"""Writes what is captured to files, beside the requests; the runner of endpoints uploads them."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Final, TypeAlias

from pairloom.formats.full_disk import naming_full_disk
from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.gateway.capture_record import Captured

_LOGGER = logging.getLogger(__name__)

_FILE_SECONDS: Final = 5.0
_FILE_BYTES: Final = 8 << 20
_MOST_WAITING_BYTES: Final = 64 << 20

_Key: TypeAlias = tuple[str, str, str]


@dataclass(slots=True)
class _OpenFile:
    stream: IO[bytes]
    path: Path
    due: float
    num_bytes: int = 0


class CaptureWriter:
    """A thread that writes captured requests; nothing waits for it.

    Each line is with the operating system as soon as it is written: what a killed process leaves
    is completed by the next one.
    """

    def __init__(self, folder: CaptureFolder) -> None:
        self._folder = folder
        self._queue: queue.SimpleQueue[Captured | None] = queue.SimpleQueue()
        self._files: dict[_Key, _OpenFile] = {}
        self._taken_bytes = self._written_bytes = self._num_lost = 0
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self, captured: Captured) -> None:
        """Have a request written; when the disk does not keep up, some are left out."""
        if self._taken_bytes - self._written_bytes > _MOST_WAITING_BYTES:
            self._num_lost += 1
            if self._num_lost == 1 or self._num_lost % 1000 == 0:
                _LOGGER.warning("data capture: %d requests left out so far", self._num_lost)
            return
        self._taken_bytes += captured.num_bytes
        self._queue.put(captured)

    def close(self) -> None:
        """Write what there is, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        self._guarded(self._folder.complete_leftovers)
        while True:
            try:
                captured = self._queue.get(timeout=self._seconds_to_wait())
            except queue.Empty:
                self._close_files(time.monotonic())
                continue
            if captured is None:
                self._close_files(float("inf"))
                return
            self._guarded(lambda: self._write(captured))  # noqa: B023  called at once
            self._written_bytes += captured.num_bytes
            self._close_files(time.monotonic())

    def _seconds_to_wait(self) -> float | None:
        if not self._files:
            return None
        return max(0.0, min(file.due for file in self._files.values()) - time.monotonic())

    def _write(self, captured: Captured) -> None:
        key = (captured.settings.destination, captured.endpoint, captured.variant)
        file = self._files.get(key) or self._open(key, captured.time)
        line = captured.line()
        with naming_full_disk("captured requests", file.path, keeps=True):
            _write_whole(file.stream, line, file.num_bytes)
        file.num_bytes += len(line)
        if file.num_bytes > _FILE_BYTES:
            file.due = 0.0

    def _open(self, key: _Key, moment: float) -> _OpenFile:
        destination, endpoint, variant = key
        at = datetime.fromtimestamp(moment, timezone.utc)
        name = f"{at:%M-%S}-{at.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
        path = self._folder.begin(destination, f"{endpoint}/{variant}/{at:%Y/%m/%d/%H}/{name}")
        stream = path.open("ab", buffering=0)
        file = _OpenFile(stream, path, time.monotonic() + _FILE_SECONDS)
        self._files[key] = file
        return file

    def _close_files(self, now: float) -> None:
        for key, file in list(self._files.items()):
            if file.due <= now:
                del self._files[key]
                file.stream.close()
                self._guarded(lambda: self._folder.complete(file.path))  # noqa: B023

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except OSError as error:  # a full disk, say: requests go on
            _LOGGER.warning("data capture: %s", error)


def _write_whole(stream: IO[bytes], line: bytes, place: int) -> None:
    """Write a line at the end of a file, or nothing of it; the disk may be full within it."""
    left = memoryview(line)
    try:
        while left:
            left = left[stream.write(left) :]
    except OSError:
        stream.truncate(place)
        raise
