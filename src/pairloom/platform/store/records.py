"""What goes into the store and comes out of it; times are seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypedDict

from pairloom.errors import PlatformError, UserError

TRAINING_LOG_GROUP: Final = "/aws/sagemaker/TrainingJobs"
TRANSFORM_LOG_GROUP: Final = "/aws/sagemaker/TransformJobs"
TRAINING_NAMESPACE: Final = "/aws/sagemaker/TrainingJobs"
ENDPOINT_NAMESPACE: Final = "AWS/SageMaker"

SortBy: TypeAlias = Literal["Name", "CreationTime", "LastModifiedTime", "Status"]

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


class ConflictError(UserError):
    """A resource is in a state that does not allow what was asked."""


class StoreAwayError(PlatformError):
    """The database does not answer just now: it is locked, full, restarted or unreachable."""


class StoreFullError(StoreAwayError):
    """The disk that the database lies on is full."""


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
    tuning_job
        Name of the tuning job that it is part of.
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
    tuning_job: str | None
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
class ResourceRecord:
    """A model, an endpoint configuration, an endpoint, a transform job or a tuning job.

    Attributes
    ----------
    request
        As it was given, in botocore's member names.
    status
        As the API shows it; "Available" where the API shows none.
    stop_requested, attempts, runner_id, lease_until
        As those of a training job.
    state
        Whatever else those who work on it remember, as JSON.
    """

    name: str
    request: dict[str, Any]
    status: str
    created_at: float
    modified_at: float
    stop_requested: bool
    attempts: int
    runner_id: str | None
    lease_until: float | None
    state: dict[str, Any]


class Place(NamedTuple):
    """Where a record stands in a list: by what the list is sorted by, then by name."""

    key: str | float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceQuery:
    """Which resources are listed, and in which order.

    `after` is the place of the last one of the page before, which may be gone by now.
    """

    name_contains: str | None = None
    status: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    sort_by: SortBy = "CreationTime"
    descending: bool = False
    after: Place | None = None
    limit: int | None = None

    def place_of(self, record: ResourceRecord | TrainingJobRecord) -> Place:
        """Return where a record stands in what is asked for."""
        keys: dict[SortBy, str | float] = {
            "Name": record.name,
            "CreationTime": record.created_at,
            "LastModifiedTime": record.modified_at,
            "Status": record.status,
        }
        return Place(keys[self.sort_by], record.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJobQuery(ResourceQuery):
    """Which training jobs are listed, and in which order; perhaps those of one tuning job."""

    tuning_job: str | None = None


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
class StatisticSet:
    """What is kept of a metric's values from a time on: how many, their sum, least and greatest."""

    name: str
    timestamp: float
    count: int
    total: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that CreateRole made; `request` is in botocore's member names."""

    name: str
    request: Mapping[str, Any]
    created_at: float
