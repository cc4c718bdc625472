"""Which owner keeps a feature's entry: its hash decides."""

from __future__ import annotations

from pairloom._core import Trainer, positions_by_owner
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.distributed.row_gradients import ChunkGradient


def touched_by_owner(
    trainer: Trainer, summary: RoundSummary, num_owners: int
) -> list[RowDifferences]:
    """Take what a trainer has touched since the last time, one part for each owner."""
    return [RowDifferences(*touched, summary) for touched in trainer.take_touched(num_owners)]


def split_gradient(chunk: ChunkGradient, num_owners: int) -> list[ChunkGradient]:
    """Return the chunk's gradient for each owner's features; bias and sums are in all."""
    return [
        ChunkGradient(
            chunk.ids[positions],
            chunk.linear[positions],
            chunk.factors[positions],
            None if chunk.squares is None else chunk.squares[positions],
            chunk.bias,
            chunk.sums,
        )
        for positions in positions_by_owner(chunk.ids, num_owners)
    ]
