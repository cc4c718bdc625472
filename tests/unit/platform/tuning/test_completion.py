from __future__ import annotations

from collections.abc import Sequence

from pairloom.platform.store import TrainingJobRecord
from pairloom.platform.store.records import JobResults
from pairloom.platform.tuning.children import Child, best_child, status_counters
from pairloom.platform.tuning.completion import ending, improvement
from pairloom.platform.tuning.limits import CompletionCriteria, Limits
from pairloom.platform.tuning.objective import Objective

RMSE = Objective("test:rmse", minimizes=True)
NONE = CompletionCriteria()


def child(number: int, value: float | None, status: str = "Completed") -> Child:
    results: JobResults = {"training_ended_at": float(number)}
    if status == "Failed":
        results["failure_reason"] = "ClientError: no rows"
    record = TrainingJobRecord(
        name=f"tuned-{number:03d}-0123abcd",
        request={},
        tuning_job="tuned",
        status=status,
        secondary_status=status,
        transitions=(),
        created_at=float(number),
        modified_at=float(number),
        stop_requested=False,
        attempts=1,
        runner_id=None,
        lease_until=None,
        results=results,
    )
    return Child(record, value)


def children(values: Sequence[float | None]) -> list[Child]:
    return [
        child(number, value, "Failed" if value is None else "Completed")
        for number, value in enumerate(values, 1)
    ]


def status(
    values: Sequence[float | None],
    criteria: CompletionCriteria = NONE,
    *,
    jobs: int = 100,
    objective: Objective = RMSE,
) -> str | None:
    how = ending(children(values), objective, Limits(jobs, 2, None), criteria, 1.0)
    return None if how is None else how.status


def test_tuning_job_is_complete_when_its_last_training_job_has_ended() -> None:
    assert status([1.0, None], jobs=2) == "Completed"
    assert status([1.0], jobs=2) is None
    running = [*children([1.0]), child(2, None, "InProgress")]
    assert ending(running, RMSE, Limits(2, 2, None), NONE, 1.0) is None


def test_tuning_job_fails_when_all_its_first_training_jobs_do() -> None:
    how = ending(children([None] * 5), RMSE, Limits(100, 2, None), NONE, 1.0)
    assert how is not None
    assert how.status == "Failed"
    assert how.failure_reason is not None
    assert how.failure_reason.startswith("All training jobs failed. ")
    assert how.failure_reason.endswith("tuned-001-0123abcd: ClientError: no rows")
    assert status([None] * 4) is None
    assert status([None] * 2, jobs=2) == "Failed"
    assert status([None, None, 1.0, None, None]) is None


def test_training_jobs_without_objective_fail_the_tuning_job_too() -> None:
    silent = [child(number, None) for number in range(1, 6)]
    how = ending(silent, RMSE, Limits(100, 2, None), NONE, 1.0)
    assert how is not None
    assert how.failure_reason is not None
    assert "after running 5 training jobs: none has reported test:rmse" in how.failure_reason


def test_time_target_and_standstill_end_a_tuning_job() -> None:
    limits = Limits(100, 2, 60)
    assert ending(children([1.0]), RMSE, limits, NONE, 59.9) is None
    assert ending(children([1.0]), RMSE, limits, NONE, 60.0) is not None
    assert status([1.0, 0.5], CompletionCriteria(target=0.5)) == "Completed"
    assert status([1.0, 0.6], CompletionCriteria(target=0.5)) is None
    accuracy = Objective("test:binary_classification_accuracy", minimizes=False)
    assert status([0.8], CompletionCriteria(target=0.7), objective=accuracy) == "Completed"
    standstill = CompletionCriteria(jobs_not_improving=3)
    assert status([0.5, 1.0, 1.0, None], standstill) is None
    assert status([0.5, 1.0, 1.0, 0.5], standstill) == "Completed"


def test_convergence_is_a_best_that_the_last_ten_have_hardly_changed() -> None:
    early = [1.0 - number / 20 for number in range(10)]
    convergence = CompletionCriteria(on_convergence=True)
    assert status([*early, *[0.6] * 10], convergence) == "Completed"
    assert status([*early, *[0.6] * 9, 0.3], convergence) is None
    assert status([*early, *[0.6] * 9], convergence) is None
    how = ending(children([*early, *[0.6] * 10]), RMSE, Limits(99, 2, None), convergence, 1.0)
    assert how is not None
    assert how.converged


def test_best_is_the_earliest_of_equals() -> None:
    best = best_child(children([1.0, 0.5, None, 0.5]), RMSE)
    assert best is not None
    assert best.number == 2
    assert best_child(children([None]), RMSE) is None
    assert improvement(children([1.0, 0.5, None, 0.5]), RMSE).since == 1


def test_failures_of_ours_are_counted_apart() -> None:
    ours = child(1, None, "Failed")
    ours.record.results["failure_reason"] = "InternalServerError: the disk is full"
    jobs = [ours, child(2, None, "Failed"), child(3, 1.0, "Stopped"), child(4, None, "Stopping")]
    assert status_counters(jobs) == {
        "Completed": 0, "InProgress": 1, "RetryableError": 1, "NonRetryableError": 1, "Stopped": 1,
    }  # fmt: skip
