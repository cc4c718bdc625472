"""Counters of all worker processes, in memory that they share.

Each process adds to a slot of its own, so that no lock is needed, and whoever is asked sums the
slots. A process that dies leaves its counts to the one that takes its place: counters never fall.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

ROUTES: Final = (
    "/invocations",
    "/rank",
    "/ping",
    "/execution-parameters",
    "/metrics",
    "/model",
    "other",
)
STATUSES: Final = (200, 400, 404, 405, 406, 408, 413, 415, 431, 500)
TIMED_ROUTES: Final = ROUTES[:2]
BUCKETS_SECONDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 60.0),
)

_NUM_BUCKETS: Final = len(BUCKETS_SECONDS) + 1  # the last for what takes longer
_REQUESTS: Final = 0
_TIMES: Final = _REQUESTS + len(ROUTES) * len(STATUSES)
_TIME_CELLS: Final = _NUM_BUCKETS + 1  # and the sum, in microseconds
_TOTALS: Final = _TIMES + len(TIMED_ROUTES) * _TIME_CELLS
_ROWS, _BODY_BYTES, _ANSWER_BYTES, _IN_PROGRESS, _STARTS = range(_TOTALS, _TOTALS + 5)
_CELLS: Final = _STARTS + 1
_SLOT_BYTES: Final = -(-_CELLS * 8 // 4096) * 4096  # no two processes write to one page

_STATUS_CELLS: Final = {status: index for index, status in enumerate(STATUSES)}
_ROUTE_CELLS: Final = {
    route: _REQUESTS + index * len(STATUSES) for index, route in enumerate(ROUTES)
}


class WorkerMetrics:
    """The slot of one process; nobody else writes to it while that process lives."""

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells

    def count_start(self) -> None:
        """Count a process that begins to use this slot."""
        self._cells[_IN_PROGRESS] = 0
        self._cells[_STARTS] += 1

    def begin_request(self) -> None:
        self._cells[_IN_PROGRESS] += 1

    def end_request(self) -> None:
        self._cells[_IN_PROGRESS] -= 1

    def count(self, route: str, status: int) -> None:
        """Count an answer."""
        self._cells[_ROUTE_CELLS.get(route, _ROUTE_CELLS["other"]) + _STATUS_CELLS[status]] += 1

    def count_scored(self, body_bytes: int, answer_bytes: int, num_rows: int) -> None:
        """Count what a request that was answered with scores brought and took."""
        cells = self._cells
        cells[_BODY_BYTES] += body_bytes
        cells[_ANSWER_BYTES] += answer_bytes
        cells[_ROWS] += num_rows

    def time(self, timed_route: int, seconds: float) -> None:
        """Count a request of TIMED_ROUTES[timed_route] by how long it took."""
        first = _TIMES + timed_route * _TIME_CELLS
        self._cells[first + bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self._cells[first + _NUM_BUCKETS] += int(seconds * 1e6)


class SharedMetrics:
    """The slots of all processes, made before they are forked."""

    def __init__(self, num_workers: int) -> None:
        self._memory = mmap.mmap(-1, num_workers * _SLOT_BYTES)
        cells = memoryview(self._memory).cast("q")
        width = _SLOT_BYTES // 8
        self._slots = [cells[i * width : (i + 1) * width] for i in range(num_workers)]

    def worker(self, index: int) -> WorkerMetrics:
        return WorkerMetrics(self._slots[index])

    def exposition(self, model_labels: Mapping[str, str]) -> str:
        """Return the sums in Prometheus' text format, version 0.0.4."""
        sums = [sum(slot[cell] for slot in self._slots) for cell in range(_CELLS)]
        lines = [
            *_family("pairloom_requests", "counter", "Requests by route and status."),
            *_request_lines(sums),
            *_family("pairloom_request_seconds", "histogram", "Time from a request to its answer."),
            *_time_lines(sums),
        ]
        workers = len(self._slots)
        for name, kind, text, value in (
            ("rows", "counter", "Rows scored.", sums[_ROWS]),
            ("request_bytes", "counter", "Bodies that were scored.", sums[_BODY_BYTES]),
            ("response_bytes", "counter", "Answers with scores.", sums[_ANSWER_BYTES]),
            ("worker_restarts", "counter", "Processes replaced.", sums[_STARTS] - workers),
            ("workers", "gauge", "Worker processes.", workers),
            ("requests_in_progress", "gauge", "Requests being worked on.", sums[_IN_PROGRESS]),
        ):
            suffix = "_total" if kind == "counter" else ""
            lines += _family(f"pairloom_{name}", kind, text)
            lines.append(f"pairloom_{name}{suffix} {max(value, 0)}")
        labels = ",".join(f'{name}="{value}"' for name, value in model_labels.items())
        lines += _family("pairloom_model", "gauge", "The model that is served.")
        lines.append(f"pairloom_model{{{labels}}} 1")
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, text: str) -> list[str]:
    full_name = f"{name}_total" if kind == "counter" else name
    return [f"# HELP {full_name} {text}", f"# TYPE {full_name} {kind}"]


def _request_lines(sums: list[int]) -> Iterator[str]:
    for route, first in _ROUTE_CELLS.items():
        for status, index in _STATUS_CELLS.items():
            if sums[first + index] or status == STATUSES[0]:
                labels = f'route="{route}",status="{status}"'
                yield f"pairloom_requests_total{{{labels}}} {sums[first + index]}"


def _time_lines(sums: list[int]) -> Iterator[str]:
    for index, route in enumerate(TIMED_ROUTES):
        first, counted = _TIMES + index * _TIME_CELLS, 0
        for bucket, bound in enumerate((*map(str, BUCKETS_SECONDS), "+Inf")):
            counted += sums[first + bucket]
            yield f'pairloom_request_seconds_bucket{{route="{route}",le="{bound}"}} {counted}'
        seconds = sums[first + _NUM_BUCKETS] / 1e6
        yield f'pairloom_request_seconds_sum{{route="{route}"}} {seconds}'
        yield f'pairloom_request_seconds_count{{route="{route}"}} {counted}'
