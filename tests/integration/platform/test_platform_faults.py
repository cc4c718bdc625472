"""A platform whose object store stands still, whose database is held, whose inputs are spoiled."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration.platform.running_endpoints import variant
from integration.platform.running_jobs import BUCKET, channel, recordio, small_rows
from integration.platform.running_platform import started_platform
from integration.platform.running_transforms import model_archive
from integration.platform.work_under_way import BIAS, TRAIN, WorkUnderWay, until, work_on
from integration.platform_api import waited

pytestmark = pytest.mark.platform

NUM_SHARDS = 200
STOPPED_SECONDS, HELD_SECONDS = 30, 20
# Training must outlast the start of another job, on fast machines and on busy ones.
TRAINED_EPOCHS = 6_000


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkUnderWay]:
    """Start a platform for each test, since a second try needs the same names."""
    folder, scratch = (tmp_path_factory.mktemp(name) for name in ("platform", "scratch"))
    with started_platform(folder) as platform, work_on(platform, scratch) as work:
        yield work


@contextmanager
def stopped(work: WorkUnderWay, name: str) -> Iterator[float]:
    """Let a process stand still until the block ends; yields when it has begun to."""
    pid = work.platform.pids()[name]
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield time.monotonic()
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_since(begin: float, seconds: float) -> None:
    waited(max(0.0, begin + seconds - time.monotonic()))


def test_jobs_wait_for_an_object_store_that_stands_still(
    work: WorkUnderWay, tmp_path: Path
) -> None:
    rows = recordio(small_rows(), tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda of: work.put(f"shards/{of:03}.pbr", rows), range(NUM_SHARDS)))
    brought = work.platform.settings.job_folder("bringing") / "input/data/train"
    work.submit("sending", epochs=TRAINED_EPOCHS)
    until(lambda: work.has_begun("sending"))
    work.submit("bringing", channel("train", f"s3://{BUCKET}/shards/"), epochs=2)
    deadline = time.monotonic() + 60
    while not brought.exists() or not any(brought.iterdir()):
        assert time.monotonic() < deadline
    with stopped(work, "objectstore") as begin:
        assert len(list(brought.iterdir())) < NUM_SHARDS
        until(lambda: work.job("sending")["SecondaryStatus"] == "Uploading")
        wait_since(begin, STOPPED_SECONDS)
        assert work.job("bringing")["SecondaryStatus"] == "Downloading"
        assert work.job("sending")["SecondaryStatus"] == "Uploading"
        assert work.score("served") == BIAS
    assert work.check_job("bringing", epochs=2) == 1
    assert work.check_job("sending", epochs=TRAINED_EPOCHS) == 1


def test_jobs_and_clients_wait_for_a_database_that_is_held(work: WorkUnderWay) -> None:
    work.submit("through", epochs=TRAINED_EPOCHS)
    until(lambda: work.has_begun("through"))
    file = work.platform.folder / "platform.sqlite"
    with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        begin = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            created = pool.submit(work.submit, "waited-for", epochs=1)
            while time.monotonic() - begin < HELD_SECONDS:
                assert work.job("through")["TrainingJobStatus"] == "InProgress"
                assert work.endpoint("served")["EndpointStatus"] == "InService"
                assert work.score("served") == BIAS
                waited(0.5)
            assert not created.done()
            other.execute("ROLLBACK")
            assert created.result(60) == "waited-for"
    assert work.check_job("through", epochs=TRAINED_EPOCHS) == 1
    assert work.check_job("waited-for", epochs=1) == 1
    assert work.record("through").attempts == work.record("waited-for").attempts == 1
    assert work.platform.state.processes["jobs"].num_restarts == 0


def test_spoiled_inputs_are_named_in_the_failure_reason(work: WorkUnderWay, tmp_path: Path) -> None:
    archive, rows = model_archive(tmp_path), recordio(small_rows(), tmp_path)
    work.put("spoiled/model.tar.gz", archive[: len(archive) // 2])
    work.put("spoiled/rows/whole.pbr", rows)
    work.put("spoiled/rows/cut.pbr", rows[: len(rows) // 2 + 1])
    work.make_model("spoiled", "spoiled/model.tar.gz")
    work.sagemaker.create_endpoint_config(
        EndpointConfigName="spoiled", ProductionVariants=[variant("A", "spoiled")]
    )
    work.create_endpoint("spoiled", "spoiled")
    lines, nothing = f"s3://{BUCKET}/lines/", f"s3://{BUCKET}/nothing/"
    work.transform("spoiled-model", lines, "spoiled")
    work.transform("no-lines", nothing)
    work.submit("no-rows", channel("train", nothing))
    work.submit("cut-rows", channel("train", f"s3://{BUCKET}/spoiled/rows/"))
    work.submit("cut-test-rows", TRAIN, channel("test", f"s3://{BUCKET}/spoiled/rows/"))
    broken = ["ClientError: ", f"s3://{BUCKET}/spoiled/model.tar.gz", "no whole tar.gz archive"]
    expected: list[tuple[Callable[[], Any], str, list[str]]] = [
        (partial(work.endpoint_ending, "spoiled"), "EndpointStatus", broken),
        (partial(work.transform_ending, "spoiled-model"), "TransformJobStatus",
         [*broken, "ModelName"]),
        (partial(work.transform_ending, "no-lines"), "TransformJobStatus",
         ["ClientError: ", "there are no objects", nothing]),
        (partial(work.job_ending, "no-rows"), "TrainingJobStatus",
         ["ClientError: channel train: there are no objects", nothing]),
        (partial(work.job_ending, "cut-rows"), "TrainingJobStatus",
         ["ClientError: ", "train", "cut.pbr", "the file ends inside"]),
        (partial(work.job_ending, "cut-test-rows"), "TrainingJobStatus",
         ["ClientError: ", "test", "cut.pbr", "the file ends inside"]),
    ]  # fmt: skip
    for ending, status, parts in expected:
        described = ending()
        reason = described.get("FailureReason", "")
        assert described[status] == "Failed", described
        assert all(part in reason for part in parts), reason
        assert "Traceback" not in reason
    work.sagemaker.delete_endpoint(EndpointName="spoiled")
    assert work.score("served") == BIAS
