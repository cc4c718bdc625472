from __future__ import annotations

import time

import pytest

from pairloom.platform.store import (
    AlreadyExistsError,
    LeaseLostError,
    NotFoundError,
    Store,
    TrainingJobQuery,
    TrainingJobRecord,
)


def test_job_comes_back_as_it_was_given(store: Store) -> None:
    request = {"TrainingJobName": "fm", "HyperParameters": {"feature_dim": "784", "é": "ü"}}
    store.create_training_job("fm", request)
    job = store.training_job("fm")
    assert job is not None
    assert (job.request, job.status, job.secondary_status) == (request, "InProgress", "Starting")
    assert [(step.status, step.ended_at) for step in job.transitions] == [("Starting", None)]
    assert job.created_at == job.modified_at == pytest.approx(time.time(), abs=5)
    assert store.training_job("other") is None


def test_name_is_taken_for_good(store: Store) -> None:
    store.create_training_job("fm", {})
    store.transition("fm", "Failed", "no rows", failure_reason="ClientError: no rows")
    with pytest.raises(AlreadyExistsError, match="a training job is named 'fm' already"):
        store.create_training_job("fm", {})


def test_steps_follow_each_other_without_gaps(store: Store) -> None:
    store.create_training_job("fm", {})
    for step in ("Downloading", "Training", "Uploading", "Completed"):
        store.transition("fm", step, f"{step} now")
    job = store.training_job("fm")
    assert job is not None
    assert job.status == "Completed"
    for earlier, later in zip(job.transitions, job.transitions[1:], strict=False):
        assert earlier.ended_at == later.started_at >= earlier.started_at
    assert job.transitions[-1].ended_at == job.transitions[-1].started_at == job.modified_at
    assert [step.message for step in job.transitions[1:]] == [
        "Downloading now",
        "Training now",
        "Uploading now",
        "Completed now",
    ]


def test_new_message_of_the_same_state_is_no_new_step(store: Store) -> None:
    store.create_training_job("fm", {})
    job = store.transition("fm", "Starting", "waiting for a free core")
    assert [(step.status, step.message) for step in job.transitions] == [
        ("Starting", "waiting for a free core")
    ]


def test_results_add_up_and_have_known_names(store: Store) -> None:
    store.create_training_job("fm", {})
    store.transition("fm", "Training", "", training_started_at=12.5)
    job = store.transition("fm", "Completed", "", model_artifacts="s3://b/m.tar.gz")
    assert job.results == {"training_started_at": 12.5, "model_artifacts": "s3://b/m.tar.gz"}
    store.create_training_job("other", {})
    with pytest.raises(TypeError, match="no results named \\['weather'\\]"):
        store.transition("other", "Training", "", weather="fine")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("Completed", "Completed"),
        ("Failed", "Failed"),
        ("Stopped", "Stopped"),
        ("MaxRuntimeExceeded", "Stopped"),
    ],
)
def test_ended_job_stays_as_it_is(store: Store, step: str, status: str) -> None:
    store.create_training_job("fm", {})
    store.lease_training_job("runner", 60)
    ended = store.transition("fm", step, "the end", runner_id="runner")
    assert (ended.status, ended.secondary_status, ended.has_ended) == (status, step, True)
    assert (ended.runner_id, ended.lease_until) == (None, None)
    assert store.request_stop("fm") == ended
    assert store.lease_training_job("another", 60) is None
    with pytest.raises(LeaseLostError, match=f"has ended: {status}"):
        store.transition("fm", "Training", "again")


def test_stopping_lasts_until_the_end(store: Store) -> None:
    store.create_training_job("fm", {})
    store.lease_training_job("runner", 60)
    stopping = store.request_stop("fm")
    assert (stopping.status, stopping.secondary_status) == ("Stopping", "Stopping")
    assert store.request_stop("fm") == stopping
    assert store.renew_lease("fm", "runner", 60).stop_requested
    uploading = store.transition("fm", "Uploading", "", runner_id="runner")
    assert uploading.status == "Stopping"
    assert store.transition("fm", "Stopped", "", runner_id="runner").status == "Stopped"


def test_oldest_job_is_leased_first_and_to_one_runner(store: Store) -> None:
    for name in ("first", "second"):
        store.create_training_job(name, {})
    leased = [store.lease_training_job(runner, 60) for runner in ("a", "b", "c")]
    assert [job and (job.name, job.runner_id) for job in leased] == [
        ("first", "a"),
        ("second", "b"),
        None,
    ]


def test_lease_that_ran_out_goes_to_another_runner(store: Store) -> None:
    store.create_training_job("fm", {})
    store.lease_training_job("slow", -1)
    job = store.lease_training_job("fast", 60)
    assert job is not None
    assert (job.runner_id, job.attempts) == ("fast", 2)
    with pytest.raises(LeaseLostError, match="held by fast, not by slow"):
        store.renew_lease("fm", "slow", 60)
    with pytest.raises(LeaseLostError, match="held by fast, not by slow"):
        store.transition("fm", "Training", "", runner_id="slow")
    assert store.training_job("fm") == job


def test_released_job_is_free_at_once(store: Store) -> None:
    store.create_training_job("fm", {})
    store.lease_training_job("runner", 60)
    store.release_lease("fm", "runner")
    assert store.lease_training_job("next", 60) is not None


def test_what_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no training job is named 'fm'"):
        store.request_stop("fm")
    with pytest.raises(NotFoundError, match="no training job is named 'fm'"):
        store.transition("fm", "Training", "")


def test_jobs_are_listed_by_what_the_query_asks(store: Store) -> None:
    for name in ("b_1", "a-1", "c", "ba1"):
        store.create_training_job(name, {})
    store.transition("c", "Completed", "")
    created = [job.created_at for job in store.training_jobs()]

    def names(query: TrainingJobQuery) -> list[str]:
        return [job.name for job in store.training_jobs(query)]

    assert names(TrainingJobQuery()) == ["b_1", "a-1", "c", "ba1"]
    assert names(TrainingJobQuery(descending=True)) == ["ba1", "c", "a-1", "b_1"]
    assert names(TrainingJobQuery(sort_by="Name")) == ["a-1", "b_1", "ba1", "c"]
    assert names(TrainingJobQuery(sort_by="Status")) == ["c", "a-1", "b_1", "ba1"]
    assert names(TrainingJobQuery(name_contains="b_")) == ["b_1"]
    assert names(TrainingJobQuery(status="Completed")) == ["c"]
    assert names(TrainingJobQuery(created_after=created[1])) == ["c", "ba1"]
    assert names(TrainingJobQuery(created_before=created[1])) == ["b_1"]
    assert names(TrainingJobQuery(modified_after=created[3])) == ["c"]
    assert names(TrainingJobQuery(modified_before=created[2])) == ["b_1", "a-1"]


def test_jobs_of_a_tuning_job_are_found(store: Store) -> None:
    store.create_training_job("alone", {})
    for name in ("first", "second"):
        store.create_training_job(name, {}, tuning_job="tune")
    jobs = store.training_jobs(TrainingJobQuery(tuning_job="tune"))
    assert [(job.name, job.tuning_job) for job in jobs] == [("first", "tune"), ("second", "tune")]


@pytest.mark.parametrize("sort_by", ["Name", "CreationTime", "LastModifiedTime", "Status"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_join_to_the_whole_list(store: Store, sort_by: str, descending: bool) -> None:
    for index in range(7):
        store.create_training_job(f"job-{index * 5 % 7}", {})
    store.transition("job-3", "Failed", "")
    whole = TrainingJobQuery(sort_by=sort_by, descending=descending)  # type: ignore[arg-type]
    found: list[str] = []
    page: list[TrainingJobRecord] = []
    while True:
        page = store.training_jobs(
            TrainingJobQuery(
                sort_by=whole.sort_by,
                descending=descending,
                after=whole.place_of(page[-1]) if found else None,
                limit=3,
            )
        )
        found += [job.name for job in page]
        if len(page) < 3:
            break
    assert found == [job.name for job in store.training_jobs(whole)]
    assert len(found) == 7
