"""What goes into the store and comes out of it; times are seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypedDict

from pairloom.errors import PlatformError, UserError

TRAINING_LOG_GROUP: Final = "/aws/sagemaker/TrainingJobs"
TRAINING_NAMESPACE: Final = "/aws/sagemaker/TrainingJobs"

SortBy: TypeAlias = Literal["Name", "CreationTime", "Status"]

# The states that end a job, and the status that each gives it. Any other is work in progress.
TERMINAL_STATUS: Final = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
    "Interrupted": "Stopped",
}
TERMINAL_STATUSES: Final = frozenset(TERMINAL_STATUS.values())


class AlreadyExistsError(UserError):
    """A resource of this name is there already."""


class NotFoundError(UserError):
    """No resource has this name."""


class LeaseLostError(PlatformError):
    """Another runner holds the job, or it has ended: whoever gets this must let go of it."""


@dataclass(frozen=True, slots=True)
class SecondaryTransition:
    """A step of a job; `ended_at` is None while it lasts."""

    status: str
    message: str
    started_at: float
    ended_at: float | None


class JobResults(TypedDict, total=False):
    """What a transition may write beside the state.

    `final_metrics` are FinalMetricDataList's members; `resume_point` is the runner's own.
    """

    failure_reason: str
    model_artifacts: str
    output_artifacts: str
    final_metrics: list[dict[str, Any]]
    training_started_at: float
    training_ended_at: float
    training_seconds: int
    billable_seconds: int
    resume_point: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJobRecord:
    """A training job: its request as it was given, in botocore's member names, and its course.

    Attributes
    ----------
    status, secondary_status
        TrainingJobStatus and SecondaryStatus.
    stop_requested
        StopTrainingJob was called.
    attempts
        How often a runner took the job; above 1 when an earlier runner died.
    runner_id, lease_until
        Who works on the job, and until when nobody else may.
    """

    name: str
    request: dict[str, Any]
    status: str
    secondary_status: str
    transitions: tuple[SecondaryTransition, ...]
    created_at: float
    modified_at: float
    stop_requested: bool
    attempts: int
    runner_id: str | None
    lease_until: float | None
    results: JobResults

    @property
    def has_ended(self) -> bool:
        return self.status in TERMINAL_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJobQuery:
    """Which training jobs are listed, and in which order.

    `after` is the last job of the page before.
    """

    name_contains: str | None = None
    status: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    sort_by: SortBy = "CreationTime"
    descending: bool = False
    after: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A line of a log, and the time it was written at."""

    message: str
    timestamp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLogEvent:
    """A log event as the store holds it; ids ascend in the order of arrival."""

    id: int
    stream: str
    message: str
    timestamp: float
    ingested_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStream:
    """A stream of a log group; the times are None while it holds no event."""

    name: str
    created_at: float
    first_event_at: float | None
    last_event_at: float | None
    ingested_at: float | None


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """A metric's value at a time."""

    name: str
    value: float
    timestamp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that CreateRole made; `request` is in botocore's member names."""

    name: str
    request: Mapping[str, Any]
    created_at: float
