"""A runner that is killed in each state of a job: the next one brings the job to its end."""

from __future__ import annotations

import os
import signal
import time

import pytest

from integration.platform.running_jobs import BUCKET, RunningJobs, channel, statuses

pytestmark = pytest.mark.platform

TRAIN = channel("train", f"s3://{BUCKET}/in/train")


@pytest.mark.parametrize("state", ["Starting", "Downloading", "Training", "Uploading"])
def test_job_goes_on_when_its_runner_is_killed(jobs: RunningJobs, state: str) -> None:
    first = jobs.start_runner()
    epochs = {"epochs": "300"}
    jobs.submit("job", TRAIN, hyperparameters=epochs)
    record = jobs.wait("job", lambda job: state in statuses(job) and job.runner_id is not None)
    if state == "Training":
        jobs.wait("job", lambda _: bool(jobs.store.metrics({"TrainingJobName": "job"})))
    first.kill()
    first.wait()
    record = jobs.job("job")
    assert not record.has_ended
    deadline = time.monotonic() + 10
    while jobs.processes("job"):
        assert time.monotonic() < deadline, "the train program outlives its runner"
        time.sleep(0.02)
    jobs.start_runner()
    record = jobs.wait("job")
    assert record.status == "Completed", record.results
    assert "Restarting" in statuses(record)
    assert statuses(record).count("Completed") == 1
    assert jobs.processes("job") == []
    jobs.submit("same", TRAIN, hyperparameters=epochs)
    same = jobs.wait("same")
    assert jobs.archive(same.results["model_artifacts"]) == jobs.archive(
        record.results["model_artifacts"]
    )


def test_train_program_ends_with_its_guard(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("job", TRAIN, hyperparameters={"epochs": "1000000"})
    jobs.wait("job", lambda _: bool(jobs.store.metrics({"TrainingJobName": "job"})))
    guard = min(jobs.processes("job"))
    os.kill(guard, signal.SIGKILL)
    assert jobs.wait("job", seconds=60).status == "Failed"
    assert jobs.processes("job") == []


def test_runner_that_ends_in_order_lets_the_next_one_go_on_at_once(jobs: RunningJobs) -> None:
    first = jobs.start_runner()
    jobs.submit("job", TRAIN, hyperparameters={"epochs": "1000000"})
    jobs.wait("job", lambda _: bool(jobs.store.metrics({"TrainingJobName": "job"})))
    first.terminate()
    assert first.wait(20) == 0
    assert jobs.processes("job") == []
    assert jobs.job("job").runner_id is None
    jobs.start_runner()
    jobs.wait("job", lambda job: statuses(job)[-2:] == ["Restarting", "Training"])
    jobs.store.request_stop("job")
    assert jobs.wait("job").status == "Stopped"
