"""Results in order within a bound, however long each takes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Generator

import pytest

from pairloom.data import RowsInterruptedError
from pairloom.data.prefetch import Prefetch


def prefetch(
    jobs: Generator[int], make: object, *, num_threads: int = 3, most_bytes: int = 1000
) -> Prefetch[int, int]:
    return Prefetch(
        jobs,
        make,  # type: ignore[arg-type]
        num_bytes=lambda made: 30,
        job_bytes=10,
        most_bytes=most_bytes,
        num_threads=num_threads,
        stop_requested=lambda: False,
    )


def counted(limit: int, taken: list[int]) -> Generator[int]:
    for number in range(limit):
        taken.append(number)
        yield number


@pytest.mark.parametrize("num_threads", [1, 4])
def test_results_come_in_the_order_of_the_jobs(num_threads: int) -> None:
    def make(job: int) -> int:
        time.sleep(random.random() / 500)
        return job * job

    ahead = prefetch(counted(100, []), make, num_threads=num_threads)
    assert list(ahead) == [job * job for job in range(100)]
    ahead.close()


@pytest.mark.parametrize("most_bytes", [0, 40, 130])
def test_no_more_jobs_are_taken_than_the_bound_allows(most_bytes: int) -> None:
    taken: list[int] = []
    ahead = prefetch(counted(50, taken), lambda job: job, most_bytes=most_bytes)
    most = max(1, most_bytes // 40)
    for number in range(50):
        time.sleep(0.005)
        # What was handed out last counts until the next is asked for.
        assert len(taken) <= number + 1 + most
        assert next(ahead) == number
    ahead.close()


def test_an_error_comes_in_its_turn_and_closing_ends_all_threads() -> None:
    def make(job: int) -> int:
        if job == 5:
            raise ValueError("the fifth")
        time.sleep(0.01 if job < 5 else 0)
        return job

    closed = []

    def jobs() -> Generator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    ahead = prefetch(jobs(), make)
    assert [next(ahead) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="the fifth"):
        next(ahead)
    ahead.close()
    assert closed
    assert "pairloom-rows" not in " ".join(thread.name for thread in threading.enumerate())


def test_an_error_in_what_gives_the_jobs_comes_after_them() -> None:
    def jobs() -> Generator[int]:
        yield 1
        raise OSError("no more")

    ahead = prefetch(jobs(), lambda job: job)
    assert next(ahead) == 1
    with pytest.raises(OSError, match="no more"):
        next(ahead)
    ahead.close()


def test_waiting_ends_when_it_is_asked_to() -> None:
    go_on = threading.Event()
    ahead: Prefetch[int, bool] = Prefetch(
        (number for number in range(1)),
        lambda _: go_on.wait(10),
        num_bytes=lambda made: 1,
        job_bytes=1,
        most_bytes=1,
        num_threads=1,
        stop_requested=lambda: True,
    )
    with pytest.raises(RowsInterruptedError):
        next(ahead)
    go_on.set()
    ahead.close()
