"""What the platform remembers, in SQLite or PostgreSQL; nothing outside this package speaks SQL."""

from __future__ import annotations

from pairloom.platform.store.records import (
    AlreadyExistsError,
    LeaseLostError,
    LogEvent,
    LogStream,
    MetricPoint,
    NotFoundError,
    Role,
    SecondaryTransition,
    StoredLogEvent,
    TrainingJobQuery,
    TrainingJobRecord,
)
from pairloom.platform.store.store import Store

__all__ = [
    "AlreadyExistsError",
    "LeaseLostError",
    "LogEvent",
    "LogStream",
    "MetricPoint",
    "NotFoundError",
    "Role",
    "SecondaryTransition",
    "Store",
    "StoredLogEvent",
    "TrainingJobQuery",
    "TrainingJobRecord",
]
