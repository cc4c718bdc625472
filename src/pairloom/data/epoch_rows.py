"""Rows that are asked for anew in every epoch."""

from __future__ import annotations

from typing import Protocol

from pairloom.batch import RowBatch


class RowsInterruptedError(Exception):
    """Raised by `rows_of` when it was asked to stop before the rows were there."""


class EpochRows(Protocol):
    """Rows to train on of which only one epoch's are held at a time.

    Attributes
    ----------
    feature_dim
        Width of the rows of every epoch.
    """

    @property
    def feature_dim(self) -> int: ...

    def rows_of(self, epoch: int) -> RowBatch:
        """Return the labelled rows of an epoch; the first is 0.

        Asked once per epoch, in order, and once more for an epoch under way when training goes
        on from a checkpoint.
        """
        ...
