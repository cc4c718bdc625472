"""The tuner over a store, whose training jobs the tests end as a runner would."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from integration.tuning_requests import OBJECTIVE, continuous, ranges, tuning_request
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import MetricPoint, ResourceRecord, Store, TrainingJobQuery
from pairloom.platform.tuning.tuner import Tuner

METRIC = OBJECTIVE["MetricName"]
RATE = "factors_lr"


@pytest.fixture
def tuner(store: Store, tmp_path: Path) -> Tuner:
    return new_tuner(store, tmp_path)


def new_tuner(store: Store, folder: Path, name: str = "first") -> Tuner:
    return Tuner(store, PlatformSettings(folder=folder), name, lease_seconds=600)


def submit(store: Store, name: str = "tuned", **members: Any) -> None:
    store.tuning_jobs.create(name, tuning_request(name, **members), status="InProgress")


def record(store: Store, name: str = "tuned") -> ResourceRecord:
    found = store.tuning_jobs.get(name)
    assert found is not None
    return found


def names(store: Store, status: str | None = "InProgress", tuning_job: str = "tuned") -> list[str]:
    query = TrainingJobQuery(tuning_job=tuning_job, status=status)
    return sorted(job.name for job in store.training_jobs(query))


def end(store: Store, name: str, value: float, status: str = "Completed") -> None:
    final: Any = [{"MetricName": METRIC, "Value": value, "Timestamp": time.time()}]
    store.transition(name, status, "", final_metrics=final, training_ended_at=time.time())


def rate(store: Store, name: str) -> float:
    job = store.training_job(name)
    assert job is not None
    return float(job.request["HyperParameters"][RATE])


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_tuner_keeps_so_many_jobs_running_until_all_have_ended(
    store: Store, tuner: Tuner, strategy: str
) -> None:
    submit(store, Strategy=strategy, jobs=12, parallel=3, RandomSeed=1)
    while record(store).status == "InProgress":
        tuner.step()
        running = names(store)
        assert len(running) == min(3, 12 - len(names(store, "Completed")))
        for name in running[:1]:
            end(store, name, rate(store, name))
    assert [name.split("-")[1] for name in names(store, None)] == [
        f"{number:03d}" for number in range(1, 13)
    ]
    assert record(store).state["ended_at"] is not None
    assert record(store).runner_id is None


def test_next_tuner_goes_on_where_a_dead_one_ended(
    store: Store, tuner: Tuner, tmp_path: Path
) -> None:
    submit(store, jobs=4, parallel=2, RandomSeed=1)
    tuner.step()
    begun = names(store)
    second = new_tuner(store, tmp_path, "second")
    second.step()
    assert names(store) == begun
    assert record(store).runner_id == "first"
    end(store, begun[0], 0.5)
    store.tuning_jobs.renew("tuned", "first", -1)  # its lease has run out
    second.step()
    assert record(store).runner_id == "second"
    assert len(names(store)) == 2
    tuner.step()  # it has lost its lease, and says nothing more
    assert len(names(store, None)) == 3


def test_stopped_tuning_job_stops_its_training_jobs_first(store: Store, tuner: Tuner) -> None:
    submit(store, jobs=4, parallel=2)
    tuner.step()
    store.tuning_jobs.request_stop("tuned", only_if={"InProgress"})
    tuner.step()
    stopping = names(store, "Stopping")
    assert len(stopping) == 2
    assert record(store).status == "Stopping"
    for name in stopping:
        end(store, name, 0.5, "Stopped")
    tuner.step()
    assert record(store).status == "Stopped"
    assert len(names(store, None)) == 2


def test_verdict_stands_once_it_is_noted(store: Store, tuner: Tuner) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    submit(store, jobs=20, parallel=5, TuningJobCompletionCriteria=criteria)
    tuner.step()
    running = names(store)
    for value, name in zip((0.1, 0.2, 0.3, 0.4), running, strict=False):
        end(store, name, value)
    tuner.step()
    assert names(store, "Stopping") == running[4:]
    end(store, running[4], 0.05, "Stopped")  # which improves the best after all
    tuner.step()
    assert record(store).status == "Completed"
    assert len(names(store, None)) == 5


def test_failed_training_jobs_fail_the_tuning_job(store: Store, tuner: Tuner) -> None:
    submit(store, jobs=2, parallel=2)
    tuner.step()
    for name in names(store):
        store.transition(name, "Failed", "", failure_reason="ClientError: no rows")
    tuner.step()
    assert record(store).status == "Failed"
    assert record(store).state["failure_reason"].endswith("ClientError: no rows")


def say(store: Store, name: str, epoch: int, value: float) -> None:
    points = [
        MetricPoint("train:progress", 100 * epoch / 9, time.time()),
        MetricPoint(METRIC, value, time.time() + 1e-4),
    ]
    store.append_metrics({"TrainingJobName": name}, points)


def test_losers_of_a_rung_are_stopped(store: Store, tuner: Tuner) -> None:
    submit(store, Strategy="Hyperband", static={"epochs": "9"}, jobs=3, parallel=3)
    tuner.step()
    running = names(store)
    for name, value in zip(running, (0.3, 0.1, 0.2), strict=True):
        say(store, name, 1, value)
    tuner.step()
    assert names(store) == [running[1]]
    assert len(names(store, "Stopping")) == 2


def test_job_below_the_median_is_stopped(store: Store, tuner: Tuner) -> None:
    early = {"TrainingJobEarlyStoppingType": "Auto"}
    submit(store, static={"epochs": "9"}, jobs=5, parallel=5, **early)
    tuner.step()
    running = names(store)
    for name, value in zip(running, (0.1, 0.2, 0.3, 0.25, 0.15), strict=True):
        say(store, name, 1, value)
    for name in running[:3]:
        end(store, name, 0.1)
    tuner.step()
    assert names(store, "Stopping") == [running[3]]
    assert names(store) == [running[4]]


def test_parents_of_a_warm_start_are_learned_from(store: Store, tuner: Tuner) -> None:
    wide = ranges(continuous(RATE, "0.0001", "0.1", "Logarithmic"))
    submit(store, "parent", jobs=30, parallel=30, RandomSeed=1, ParameterRanges=wide)
    while record(store, "parent").status == "InProgress":
        tuner.step()
        for name in names(store, tuning_job="parent"):
            end(store, name, abs(rate(store, name) - 0.09))
    parents = [{"HyperParameterTuningJobName": "parent"}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}
    bayesian = {"Strategy": "Bayesian", "jobs": 7, "parallel": 1, "ParameterRanges": wide}
    submit(store, "warm", WarmStartConfig=warm, RandomSeed=2, **bayesian)
    rates = []
    for _ in range(7):
        tuner.step()
        for name in names(store, tuning_job="warm"):
            rates.append(rate(store, name))
            end(store, name, abs(rates[-1] - 0.09))
    assert len(rates) == 7
    # At random a tenth would lie above 0.05.
    assert sum(one > 0.05 for one in rates) >= 4


def test_broken_tuning_job_holds_no_other_up(
    store: Store, tuner: Tuner, caplog: pytest.LogCaptureFixture
) -> None:
    submit(store, "broken", Strategy="Hyperband", static={"epochs": "9"}, jobs=1, parallel=1)
    tuner.step()
    for name in names(store, tuning_job="broken"):
        job = store.training_job(name)
        assert job is not None
        final: Any = [{"MetricName": METRIC, "Value": "much", "Timestamp": 0.0}]
        store.transition(name, "Completed", "", final_metrics=final)
    submit(store, jobs=1, parallel=1)
    for _ in range(2):
        tuner.step()
    assert len(names(store)) == 1
    told = [entry for entry in caplog.records if "tuning job broken goes on" in entry.message]
    assert [entry.exc_info is not None for entry in told] == [True, False]


def test_warm_start_fails_when_its_parent_is_not_there_any_more(store: Store, tuner: Tuner) -> None:
    parents = [{"HyperParameterTuningJobName": "gone"}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "TransferLearning"}
    submit(store, "warm", WarmStartConfig=warm)
    tuner.step()
    tuner.step()
    assert record(store, "warm").status == "Failed"
    reason = record(store, "warm").state["failure_reason"]
    assert reason == "WarmStartConfig: there is no tuning job 'gone' any more"
    assert names(store) == []
