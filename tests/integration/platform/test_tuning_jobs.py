"""Tuning jobs through the tuner and the runner, as the platform starts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration.platform.running_jobs import RunningJobs, many_rows, recordio
from integration.tuning_requests import continuous, ranges, tuning_request
from pairloom.platform.store import ResourceRecord, TrainingJobQuery
from pairloom.platform.tuning.children import Child, read_children
from pairloom.platform.tuning.curves import read_curve
from pairloom.platform.tuning.tuning_request import ACTIVE, read_tuning_request

pytestmark = pytest.mark.platform

KILLED = ("killed", "bayesian")
KILLS = 4
WIDE = ranges(continuous("factors_lr", "0.0000001", "0.5", "Logarithmic"))


class RunningTuning:
    """Tuning jobs of a running platform."""

    def __init__(self, jobs: RunningJobs) -> None:
        self.jobs = jobs

    def submit(self, name: str, **members: Any) -> None:
        request = tuning_request(name, **members)
        self.jobs.store.tuning_jobs.create(name, request, status="InProgress")

    def record(self, name: str) -> ResourceRecord:
        record = self.jobs.store.tuning_jobs.get(name)
        assert record is not None
        return record

    def children(self, name: str) -> list[Child]:
        asked = read_tuning_request(self.record(name).request)
        return read_children(self.jobs.store, name, asked.objective)

    def wait(
        self,
        name: str,
        until: Callable[[ResourceRecord], bool] = lambda record: record.status not in ACTIVE,
        seconds: float = 120,
    ) -> ResourceRecord:
        deadline = time.monotonic() + seconds
        while not until(record := self.record(name)):
            log = self.jobs.folder / "runner.log"
            assert time.monotonic() < deadline, (record, log.read_text())
            time.sleep(0.05)
        return record

    def wait_for_children(self, name: str, number: int) -> None:
        self.wait(name, lambda _: len(self.children(name)) >= number)


@pytest.fixture
def tuning(jobs: RunningJobs) -> RunningTuning:
    return RunningTuning(jobs)


def test_random_tuning_job_tries_the_values_of_its_seed(tuning: RunningTuning) -> None:
    tuning.jobs.start_runner()
    for _ in range(2):
        tuning.jobs.start_tuner()
    tags = [{"Key": "team", "Value": "one"}]
    for name in ("one", "two"):
        tuning.submit(name, jobs=3, RandomSeed=7, Tags=tags)
    records = {name: tuning.wait(name) for name in ("one", "two")}
    assert {record.status for record in records.values()} == {"Completed"}
    children = {name: tuning.children(name) for name in records}
    tried = {
        name: [child.hyperparameters["factors_lr"] for child in of] for name, of in children.items()
    }
    assert tried["one"] == tried["two"]  # by two tuners at once
    assert len(set(tried["one"])) == 3
    values = {name: [child.value for child in of] for name, of in children.items()}
    assert values["one"] == values["two"]
    assert None not in values["one"]
    first = children["one"][0]
    assert first.name.startswith("one-001-")
    arn = tuning.jobs.settings.arn("training-job", first.name)
    assert tuning.jobs.store.tags(arn) == {"team": "one"}


def test_failing_training_jobs_fail_the_tuning_job(tuning: RunningTuning) -> None:
    tuning.jobs.start_runner()
    tuning.jobs.start_tuner()
    tuning.submit("fails", jobs=20, parallel=3, uri="s3://jobs/nothing")
    record = tuning.wait("fails")
    assert record.status == "Failed"
    assert "ClientError: channel train:" in record.state["failure_reason"]
    children = tuning.children("fails")
    assert 5 <= len(children) < 10
    assert all(child.has_ended for child in children)


def test_stop_ends_the_training_jobs_first(tuning: RunningTuning) -> None:
    tuning.jobs.start_runner()
    tuning.jobs.start_tuner()
    tuning.submit("stops", jobs=20, static={"epochs": "1000000"})
    tuning.wait_for_children("stops", 2)
    first = tuning.children("stops")[0].name
    tuning.jobs.wait(first, lambda job: job.secondary_status == "Training")
    tuning.jobs.store.tuning_jobs.request_stop("stops", only_if={"InProgress"})
    record = tuning.wait("stops")
    assert record.status == "Stopped"
    children = tuning.children("stops")
    assert [child.record.status for child in children] == ["Stopped"] * 2
    assert record.state["ended_at"] >= max(child.ended_at for child in children)


def test_killed_tuner_loses_nothing_and_doubles_no_training_job(tuning: RunningTuning) -> None:
    tuning.jobs.start_runner()
    tuning.submit("killed", jobs=6, parallel=3, RandomSeed=1)
    tuning.submit("bayesian", Strategy="Bayesian", jobs=10, parallel=2, RandomSeed=1)
    for moment in range(KILLS):
        tuner = tuning.jobs.start_tuner()
        _wait_for_lease(tuning)
        time.sleep(0.1 * moment)
        tuner.kill()
        tuner.wait()
        _end_leases(tuning)
    assert any(tuning.record(name).status in ACTIVE for name in KILLED)
    tuning.jobs.start_tuner()
    for name in KILLED:
        tuning.wait(name)
    for name, number in (("killed", 6), ("bayesian", 10)):
        assert tuning.record(name).status == "Completed"
        children = tuning.children(name)
        assert [child.number for child in children] == list(range(1, number + 1))
        assert None not in [child.value for child in children]
    tuning.submit("whole", jobs=6, parallel=3, RandomSeed=1)
    tuning.wait("whole")
    tried = {
        name: [child.hyperparameters["factors_lr"] for child in tuning.children(name)]
        for name in ("killed", "whole")
    }
    assert tried["killed"] == tried["whole"]
    assert len(tuning.jobs.store.training_jobs(TrainingJobQuery())) == 22


def _wait_for_lease(tuning: RunningTuning) -> None:
    for name in KILLED:
        tuning.wait(name, lambda job: job.runner_id is not None or job.status not in ACTIVE)


def _end_leases(tuning: RunningTuning) -> None:
    """Let the next tuner begin at once, as if the dead one's leases had run out."""
    for name in KILLED:
        holder = tuning.record(name).runner_id
        if holder is not None:
            tuning.jobs.store.tuning_jobs.release(name, holder)


def test_early_stopping_ends_a_training_job_below_the_median(
    tuning: RunningTuning, tmp_path: Path
) -> None:
    rows = recordio(many_rows(20_000), tmp_path)
    for part in ("train", "test"):
        tuning.jobs.put(f"few/{part}/rows.pbr", rows)
    tuning.jobs.start_runner()
    tuning.jobs.start_tuner()
    rates = ["0.02", "0.01", "0.005", "0.0000001"]
    tuning.submit(
        "early",
        uri="s3://jobs/few",
        Strategy="Grid",
        ParameterRanges=ranges(categories={"factors_lr": rates}),
        TrainingJobEarlyStoppingType="Auto",
        static={"epochs": "200"},
        jobs=4,
        parallel=1,
    )
    assert tuning.wait("early").status == "Completed"
    children = tuning.children("early")
    assert [child.record.status for child in children] == ["Completed"] * 3 + ["Stopped"]
    assert None not in [child.value for child in children]


def test_hyperband_stops_losers_early(tuning: RunningTuning, tmp_path: Path) -> None:
    rows = recordio(many_rows(30_000), tmp_path)
    for part in ("train", "test"):
        tuning.jobs.put(f"many/{part}/rows.pbr", rows)
    tuning.jobs.start_runner()
    tuning.jobs.start_tuner()
    tuning.submit(
        "hyper",
        uri="s3://jobs/many",
        Strategy="Hyperband",
        StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 10, "MaxResource": 270}},
        ParameterRanges=WIDE,
        static={"epochs": "270", "mini_batch_size": "20"},
        jobs=9,
        parallel=2,
        RandomSeed=2,
    )
    record = tuning.wait("hyper")
    assert record.status == "Completed"
    children = tuning.children("hyper")
    assert None not in [child.value for child in children]
    objective = read_tuning_request(record.request).objective
    epochs = {
        child.number: max(read_curve(tuning.jobs.store, child.name, 270, objective))
        for child in children
    }
    stopped = [child for child in children if child.record.status == "Stopped"]
    assert len(stopped) >= 4
    assert sum(epochs[child.number] for child in stopped) < 270 * len(stopped) / 2
    whole = [child for child in children if child.record.status == "Completed"]
    assert {epochs[child.number] for child in whole} == {270}
    assert "model_artifacts" in stopped[0].record.results


def test_warm_start_begins_where_its_parent_ended(tuning: RunningTuning) -> None:
    tuning.jobs.start_runner()
    tuning.jobs.start_tuner()
    tuning.submit("parent", jobs=8, parallel=2, RandomSeed=1, ParameterRanges=WIDE)
    tuning.wait("parent")
    parents = [{"HyperParameterTuningJobName": "parent"}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}
    bayesian: dict[str, Any] = {
        "Strategy": "Bayesian",
        "jobs": 1,
        "RandomSeed": 1,
        "ParameterRanges": WIDE,
    }
    tuning.submit("cold", **bayesian)
    tuning.submit("warm", WarmStartConfig=warm, **bayesian)
    for name in ("cold", "warm"):
        assert tuning.wait(name).status == "Completed"
    cold, warmed = (
        tuning.children(name)[0].hyperparameters["factors_lr"] for name in ("cold", "warm")
    )
    first = tuning.children("parent")[0].hyperparameters["factors_lr"]
    assert cold == first  # the first value of the seed
    assert warmed != first
