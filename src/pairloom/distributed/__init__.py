"""The same training on many workers, which exchange what they change in rounds."""

from __future__ import annotations

from pairloom.distributed.entry_owner import EntryOwner
from pairloom.distributed.local_worker import LocalWorker
from pairloom.distributed.modes import OWNER_TYPES, WORKER_TYPES
from pairloom.distributed.owner import Owner
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.distributed.row_gradients import RowGradients
from pairloom.distributed.settings import DistributedSettings
from pairloom.distributed.sync_owner import SyncOwner
from pairloom.distributed.sync_worker import SyncWorker
from pairloom.distributed.train import Workers, train_on_workers
from pairloom.distributed.worker import Worker

__all__ = [
    "OWNER_TYPES",
    "WORKER_TYPES",
    "DistributedSettings",
    "EntryOwner",
    "LocalWorker",
    "Owner",
    "RoundSummary",
    "RowDifferences",
    "RowGradients",
    "SyncOwner",
    "SyncWorker",
    "Worker",
    "Workers",
    "train_on_workers",
]
