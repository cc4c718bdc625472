"""What the platform remembers, in SQLite or PostgreSQL; nothing outside this package speaks SQL."""

from __future__ import annotations

from pairloom.platform.store.changes import ChangeWatch
from pairloom.platform.store.records import (
    AlreadyExistsError,
    ConflictError,
    LeaseLostError,
    LogEvent,
    LogStream,
    MetricPoint,
    NotFoundError,
    Place,
    ResourceQuery,
    ResourceRecord,
    Role,
    SecondaryTransition,
    StatisticSet,
    StoreAwayError,
    StoredLogEvent,
    StoreFullError,
    TrainingJobQuery,
    TrainingJobRecord,
)
from pairloom.platform.store.resources import ResourceKind, Resources
from pairloom.platform.store.store import Store

__all__ = [
    "AlreadyExistsError",
    "ChangeWatch",
    "ConflictError",
    "LeaseLostError",
    "LogEvent",
    "LogStream",
    "MetricPoint",
    "NotFoundError",
    "Place",
    "ResourceKind",
    "ResourceQuery",
    "ResourceRecord",
    "Resources",
    "Role",
    "SecondaryTransition",
    "StatisticSet",
    "Store",
    "StoreAwayError",
    "StoreFullError",
    "StoredLogEvent",
    "TrainingJobQuery",
    "TrainingJobRecord",
]
