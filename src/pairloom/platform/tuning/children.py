"""The training jobs of a tuning job, as their records tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pairloom.platform.store import Store, TrainingJobQuery, TrainingJobRecord
from pairloom.platform.tuning.objective import Objective

ObjectiveStatus: TypeAlias = Literal["Succeeded", "Pending", "Failed"]
_OURS: Final = "InternalServerError"


@dataclass(frozen=True, slots=True)
class Child:
    """One training job.

    Attributes
    ----------
    value
        Its objective at the end; None before, and where it has none.
    """

    record: TrainingJobRecord
    value: float | None

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def number(self) -> int:
        """Its place among its siblings, from 1 on."""
        return int(self.name.split("-")[-2])

    @property
    def hyperparameters(self) -> Mapping[str, str]:
        given: Mapping[str, str] = self.record.request["HyperParameters"]
        return given

    @property
    def has_ended(self) -> bool:
        return self.record.has_ended

    @property
    def ended_at(self) -> float:
        return self.record.results.get("training_ended_at", self.record.modified_at)

    @property
    def objective_status(self) -> ObjectiveStatus:
        if not self.has_ended:
            return "Pending"
        return "Failed" if self.value is None else "Succeeded"


class KnownChildren:
    """The training jobs of a tuning job, for who alone makes them: an ended one is read once."""

    def __init__(self, store: Store, tuning_job: str, objective: Objective) -> None:
        self._store = store
        self._metric = objective.metric
        children = read_children(store, tuning_job, objective)
        self._known = {child.name: child for child in children}

    def read(self) -> list[Child]:
        """Return all, in the order they were made."""
        for name, child in self._known.items():
            if not child.has_ended:
                self.read_one(name)
        return sorted(self._known.values(), key=lambda child: child.number)

    def read_one(self, name: str) -> None:
        """Read a training job anew, or one that has been made just now."""
        record = self._store.training_job(name)
        if record is not None:
            self._known[name] = Child(record, _value(record, self._metric))


def read_children(store: Store, tuning_job: str, objective: Objective) -> list[Child]:
    """Return the training jobs of a tuning job in the order they were made."""
    records = store.training_jobs(TrainingJobQuery(tuning_job=tuning_job))
    children = [Child(record, _value(record, objective.metric)) for record in records]
    return sorted(children, key=lambda child: child.number)


def best_child(children: Iterable[Child], objective: Objective) -> Child | None:
    """Return the training job of the best objective, the earliest of equals; None without any."""
    costs = [
        (objective.cost(child.value), child.record.created_at, child.name, child)
        for child in children
        if child.value is not None
    ]
    return min(costs)[-1] if costs else None


def status_counters(children: Sequence[Child]) -> dict[str, int]:
    """Return TrainingJobStatusCounters."""
    counted = Counter(_counter(child.record) for child in children)
    names = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {name: counted[name] for name in names}


def objective_counters(children: Sequence[Child]) -> dict[str, int]:
    """Return ObjectiveStatusCounters."""
    counted = Counter(child.objective_status for child in children)
    return {"Succeeded": counted["Succeeded"], "Pending": counted["Pending"],
            "Failed": counted["Failed"]}  # fmt: skip


def _counter(record: TrainingJobRecord) -> str:
    if not record.has_ended:
        return "InProgress"
    if record.status != "Failed":
        return record.status
    ours = record.results.get("failure_reason", "").startswith(_OURS)
    return "RetryableError" if ours else "NonRetryableError"


def _value(record: TrainingJobRecord, metric: str) -> float | None:
    if not record.has_ended or record.status == "Failed":
        return None
    for point in record.results.get("final_metrics", ()):
        if point["MetricName"] == metric:
            return float(point["Value"])
    return None
