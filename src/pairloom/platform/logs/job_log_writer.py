"""Keeps the lines of a job, and the metrics in them, as they come."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from pairloom.platform.jobs.patience import patiently
from pairloom.platform.store import LogEvent, MetricPoint
from pairloom.platform.store.records import TRAINING_LOG_GROUP

_LOGGER = logging.getLogger(__name__)

_BATCH_SECONDS = 0.2
_MOST_WAITING = 20_000  # then the job waits, rather than the memory fills
_MOST_AT_ONCE = 2_000


class LogStore(Protocol):
    """What of the store is written to."""

    def append_log_events(self, stream: str, events: list[LogEvent], *, group: str) -> None: ...

    def append_metrics(self, dimensions: dict[str, str], points: list[MetricPoint]) -> None: ...


class JobLogWriter:
    """Writes lines in the order they come, several at a time, in a thread of its own.

    Parameters
    ----------
    stream
        Name of the log stream.
    dimensions
        Of the metrics, such as `{"TrainingJobName": name}`.
    read_metrics
        Returns the metrics that a line names.
    group
        The log group of the stream.
    """

    def __init__(
        self,
        store: LogStore,
        stream: str,
        dimensions: dict[str, str],
        read_metrics: Callable[[str], list[tuple[str, float]]],
        *,
        group: str = TRAINING_LOG_GROUP,
    ) -> None:
        self._store = store
        self._stream = stream
        self._dimensions = dimensions
        self._read_metrics = read_metrics
        self._group = group
        self._lines: queue.Queue[LogEvent | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name=f"log-{stream}", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """Take a line that was written just now."""
        self._lines.put(LogEvent(text, time.time()))

    def close(self) -> None:
        """Write what there is, and end."""
        if self._thread.is_alive():
            self._lines.put(None)
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            events, last = self._next()
            if events:
                self._write(events)

    def _next(self) -> tuple[list[LogEvent], bool]:
        """Wait for a line, then for more until a batch is due."""
        events: list[LogEvent] = []
        due = None
        while len(events) < _MOST_AT_ONCE:
            try:
                event = self._lines.get(timeout=None if due is None else due - time.monotonic())
            except (queue.Empty, ValueError):  # nothing more, or the time is over
                break
            if event is None:
                return events, True
            if event.message:
                events.append(event)
            due = due or time.monotonic() + _BATCH_SECONDS
        return events, False

    def _write(self, events: list[LogEvent]) -> None:
        points = [
            MetricPoint(name, value, event.timestamp)
            for event in events
            for name, value in self._read_metrics(event.message)
        ]
        self._keep(lambda: self._store.append_log_events(self._stream, events, group=self._group))
        if points:
            self._keep(lambda: self._store.append_metrics(self._dimensions, points))

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            patiently(write)
        except Exception:  # the job must not wait forever for who reads its lines
            _LOGGER.exception("lines of %s are lost", self._stream)
