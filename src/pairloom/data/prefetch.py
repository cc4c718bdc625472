"""Work done ahead on threads, its results taken in order, within a bound on memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from pairloom.data.epoch_rows import RowsInterruptedError

Job = TypeVar("Job")
Made = TypeVar("Made")

_POLL_SECONDS = 0.1
# How many times its own bytes a job takes when it is made, or as many as one took: parsed rows
# take 1.6 times the bytes of sparse recordio-protobuf, and up to 3 times those of text.
_LEAST_GROWTH = 3.0


class Prefetch(Generic[Job, Made]):
    """Makes something of each job, in order, on threads; ends when the jobs do.

    An error of a job is raised in its turn.

    Parameters
    ----------
    jobs
        Asked for the next by one thread at a time.
    make
        Called on the threads.
    num_bytes
        Memory of what was made.
    job_bytes
        Memory of a job before it is made, at most.
    most_bytes
        What jobs under way, results that wait and the one taken last may hold together. One job
        at a time is always under way.
    stop_requested
        Asked while a result is waited for; once it returns true, RowsInterruptedError is raised.
    """

    def __init__(  # noqa: PLR0913  each by name
        self,
        jobs: Generator[Job],
        make: Callable[[Job], Made],
        *,
        num_bytes: Callable[[Made], int],
        job_bytes: int,
        most_bytes: int,
        num_threads: int,
        stop_requested: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._make = make
        self._num_bytes = num_bytes
        self._job_bytes = job_bytes
        self._most_bytes = most_bytes
        self._stop_requested = stop_requested
        self._taking = threading.Lock()
        self._changed = threading.Condition()
        self._results: dict[int, Made | BaseException | None] = {}
        self._held_bytes = 0
        self._handed_bytes = 0
        self._growth = _LEAST_GROWTH
        self._next_job = 0
        self._next_result = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"pairloom-rows-{number}", daemon=True)
            for number in range(num_threads)
        ]
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[Made]:
        return self

    def __next__(self) -> Made:
        with self._changed:
            self._held_bytes -= self._handed_bytes
            self._handed_bytes = 0
            self._changed.notify_all()
            while self._next_result not in self._results:
                if self._stop_requested():
                    raise RowsInterruptedError
                self._changed.wait(_POLL_SECONDS)
            result = self._results.pop(self._next_result)
            self._next_result += 1
            if result is None:
                raise StopIteration
            if isinstance(result, BaseException):
                raise result
            self._handed_bytes = self._num_bytes(result)
            return result

    def close(self) -> None:
        """End all threads, and let go of what was made."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._results.clear()
        self._jobs.close()

    def _work(self) -> None:
        while True:
            with self._taking:
                if not self._wait_for_room():
                    return
                number, reserved = self._next_job, self._expected_bytes()
                self._next_job += 1
                with self._changed:
                    self._held_bytes += reserved
                job, result = self._take_job()
                if job is None:
                    self._closed_jobs(number, result)
                    return
            self._put(number, self._made(job), reserved)

    def _expected_bytes(self) -> int:
        return int(self._job_bytes * (1 + self._growth))

    def _wait_for_room(self) -> bool:
        with self._changed:
            while not self._closed:
                if self._held_bytes + self._expected_bytes() <= self._most_bytes:
                    return True
                if self._next_job == self._next_result:
                    return True
                self._changed.wait()
        return False

    def _take_job(self) -> tuple[Job | None, BaseException | None]:
        try:
            return next(self._jobs, None), None
        except BaseException as error:  # noqa: BLE001  raised where the result is taken
            return None, error

    def _closed_jobs(self, number: int, result: BaseException | None) -> None:
        with self._changed:
            self._results[number] = result
            self._closed = True
            self._changed.notify_all()

    def _made(self, job: Job) -> Made | BaseException:
        try:
            return self._make(job)
        except BaseException as error:  # noqa: BLE001  raised where the result is taken
            return error

    def _put(self, number: int, result: Made | BaseException, reserved: int) -> None:
        with self._changed:
            held = 0
            if not isinstance(result, BaseException):
                held = self._num_bytes(result)
                self._growth = max(self._growth, held / self._job_bytes)
            self._held_bytes += held - reserved
            self._results[number] = result
            self._changed.notify_all()
