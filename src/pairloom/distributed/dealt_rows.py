"""Rows dealt out among workers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pairloom.batch import RowBatch
from pairloom.data import RowStream
from pairloom.data.joined_rows import rows_at
from pairloom.distributed.mini_batch_parts import dealt_places
from pairloom.distributed.settings import DistributedSettings
from pairloom.hyperparameters import Hyperparameters

logger = logging.getLogger(__name__)


def deal_rows(
    rows: RowBatch | RowStream,
    settings: DistributedSettings,
    hyperparameters: Hyperparameters,
    *,
    replicated: bool,
) -> Sequence[RowBatch | RowStream | None]:
    """Return each worker's rows, or None for a worker that gets none.

    Rows in memory are cut into pieces of equal length, or for mode `sync` mini-batch by mini-batch,
    so that these are those of one process; streams are dealt by their shards. `replicated`
    gives all rows to every worker, which each begins at another place.
    """
    num_workers = settings.num_workers
    if isinstance(rows, RowStream):
        dealt = rows.dealt(num_workers, replicated=replicated)
        idle = sum(part is None for part in dealt)
        if idle:
            logger.warning(
                "%d of %d workers have no rows: a stream is dealt out by shards, of which there "
                "are too few",
                idle,
                num_workers,
            )
        return dealt
    ends = [rows.num_rows * rank // num_workers for rank in range(num_workers + 1)]
    order = np.arange(rows.num_rows)
    if replicated:
        return [rows_at(rows, np.roll(order, -begin)) for begin in ends[:-1]]
    if settings.mode == "sync":
        places = dealt_places(rows.num_rows, hyperparameters, num_workers)
    else:
        places = [order[begin:end] for begin, end in pairwise(ends)]
    return [rows_at(rows, own) if own.size else None for own in places]
