"""Which rows a worker of mode `sync` has of every mini-batch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pairloom._core import chunk_bounds
from pairloom.distributed.row_differences import Ids
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.epoch import next_boundary


class MiniBatchParts:
    """Cuts mini-batches into chunks, as one process would, and deals them to workers in order.

    Mini-batches of fewer chunks than workers are cut into as many chunks as there are workers.

    Parameters
    ----------
    rows_before
        Rows that all workers trained in earlier epochs, for `batch_ramp`.
    """

    def __init__(
        self, hyperparameters: Hyperparameters, rank: int, num_workers: int, rows_before: int
    ) -> None:
        self._settings = hyperparameters
        self._rank = rank
        self._num_workers = num_workers
        self._rows_before = rows_before
        self._all_done = 0  # rows of all workers before the next mini-batch
        self._own_done = 0
        self._bounds: dict[int, list[int]] = {}  # of a mini-batch's own chunks, by its first row

    def next_boundary(self, done: int) -> int:
        """Return which of the worker's rows ends the mini-batch that begins after `done`."""
        return self.chunks(done)[-1]

    def chunks(self, done: int) -> list[int]:
        """Return the bounds of the worker's chunks of that mini-batch, in its own rows."""
        while done not in self._bounds:
            self._cut_next()
        return self._bounds[done]

    def forget(self, done: int) -> None:
        """Let go of what is known of that mini-batch."""
        self._bounds.pop(done, None)

    def _cut_next(self) -> None:
        end = next_boundary(self._settings, self._all_done, self._rows_before)
        size = end - self._all_done
        shares = _shares(size, self._settings.feature_dim, self._num_workers)
        bounds = shares[self._rank]
        own = [self._own_done + bound - bounds[0] for bound in bounds]
        self._bounds[self._own_done] = own
        self._all_done, self._own_done = end, own[-1]


def cut_at(bounds: list[int], end: int) -> list[tuple[int, int]]:
    """Return the chunks between bounds that begin before `end`, none beyond it."""
    return [(first, min(last, end)) for first, last in pairwise(bounds) if first < end]


def dealt_places(num_rows: int, hyperparameters: Hyperparameters, num_workers: int) -> list[Ids]:
    """Return which rows each worker has where its chunks are to be those of one process."""
    size = hyperparameters.mini_batch_size
    within = np.arange(num_rows) % size
    shares = _shares(size, hyperparameters.feature_dim, num_workers)
    return [
        np.flatnonzero((within >= bounds[0]) & (within < bounds[-1])).astype(np.int64)
        for bounds in shares
    ]


def _shares(size: int, feature_dim: int, num_workers: int) -> list[list[int]]:
    """Return the bounds of each worker's chunks of a mini-batch."""
    bounds = chunk_bounds(size, feature_dim, num_workers)
    num_chunks = len(bounds) - 1
    firsts = [num_chunks * rank // num_workers for rank in range(num_workers + 1)]
    return [bounds[first : last + 1] for first, last in pairwise(firsts)]
