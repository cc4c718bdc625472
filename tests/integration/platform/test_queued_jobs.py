"""Two hundred jobs queued at once: how many run together, and how the API answers meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from integration.platform.program_watch import programs_counted
from integration.platform.running_platform import started_platform, wait_until
from integration.platform.work_under_way import WorkUnderWay, work_on
from pairloom.runtime import allowed_threads

pytestmark = pytest.mark.platform

NUM_JOBS = 200
CLIENTS = 4
LONGEST_95TH_MS = 1_000  # the documentation has what was measured; another program may disturb it
LONGEST_SECONDS = 900


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkUnderWay]:
    folder, scratch = (tmp_path_factory.mktemp(name) for name in ("platform", "scratch"))
    with (
        started_platform(folder) as platform,
        work_on(platform, scratch, served=False) as work,
    ):
        yield work


class Latencies:
    """How long calls of the API took, by operation, as their client sees it."""

    def __init__(self) -> None:
        self._ms: dict[str, list[float]] = {}

    def timed(self, operation: str, call: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        answer = call()
        self._ms.setdefault(operation, []).append(1e3 * (time.perf_counter() - begin))
        return answer

    def percentile(self, of: int) -> dict[str, float]:
        return {name: float(np.percentile(ms, of)) for name, ms in self._ms.items()}

    def __str__(self) -> str:
        lines = []
        for name, ms in self._ms.items():
            median, late = np.percentile(ms, [50, 95])
            lines.append(
                f"{name}: {len(ms)} calls, median {median:.0f} ms, 95th percentile {late:.0f} ms, "
                f"longest {max(ms):.0f} ms"
            )
        return "\n".join(lines)


def ask(work: WorkUnderWay, name: str, latencies: Latencies) -> int:
    """Ask as a page that is kept up to date does; returns how many of the jobs have not ended."""
    latencies.timed("DescribeTrainingJob", lambda: work.job(name))
    latencies.timed("ListTrainingJobs", lambda: work.sagemaker.list_training_jobs(MaxResults=20))
    open_jobs = latencies.timed(
        "ListTrainingJobs InProgress",
        lambda: work.sagemaker.list_training_jobs(StatusEquals="InProgress", MaxResults=100),
    )
    return len(open_jobs["TrainingJobSummaries"])


def test_jobs_queued_at_once_all_end_and_the_api_answers_meanwhile(
    work: WorkUnderWay, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"job-{number:03}" for number in range(NUM_JOBS)]
    work.submit("first", epochs=1)
    assert work.job_ending("first")["TrainingJobStatus"] == "Completed"
    idle, busy = Latencies(), Latencies()
    for _ in range(40):
        assert ask(work, "first", idle) == 0
    with programs_counted(work.platform.folder) as counts:
        begin = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            submitted = pool.map(
                lambda name: busy.timed("CreateTrainingJob", lambda: work.submit(name, epochs=1)),
                names,
            )
            assert list(submitted) == names
        queued = time.monotonic() - begin
        asked = iter(names * 100)

        def all_have_ended() -> bool:
            time.sleep(0.4)
            return ask(work, next(asked), busy) == 0

        wait_until(all_have_ended, LONGEST_SECONDS)
        took = time.monotonic() - begin
    with capsys.disabled():
        sys.stdout.write(
            f"\n{NUM_JOBS} jobs queued in {queued:.1f} s, all ended after {took:.1f} s\n"
            f"idle:\n{idle}\nwith the jobs:\n{busy}\n"
        )
    pages = work.sagemaker.get_paginator("list_training_jobs").paginate(NameContains="job-")
    ended = [one for page in pages for one in page["TrainingJobSummaries"]]
    assert {one["TrainingJobName"] for one in ended} == set(names)
    assert {one["TrainingJobStatus"] for one in ended} == {"Completed"}
    assert 1 <= counts.in_all <= allowed_threads()
    assert max(counts.of_job.values()) == 1
    assert max(busy.percentile(95).values()) < LONGEST_95TH_MS, str(busy)
    for name in (names[0], names[-1]):
        assert work.check_job(name, epochs=1) == 1
