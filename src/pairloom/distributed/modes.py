"""Which workers and owners each mode has."""

from __future__ import annotations

from typing import Any

from pairloom.distributed.entry_owner import EntryOwner
from pairloom.distributed.local_worker import LocalWorker
from pairloom.distributed.owner import Owner
from pairloom.distributed.settings import Mode
from pairloom.distributed.sync_owner import SyncOwner
from pairloom.distributed.sync_worker import SyncWorker
from pairloom.distributed.worker import Worker

WORKER_TYPES: dict[Mode, type[Worker]] = {"local": LocalWorker, "sync": SyncWorker}
OWNER_TYPES: dict[Mode, type[EntryOwner[Any]]] = {"local": Owner, "sync": SyncOwner}
