"""Pipes of a job that may have been started anew."""

from __future__ import annotations

from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.data import FifoRows


class ResumedPipe:
    """The rows of each epoch, from pipes that are numbered by epochs or anew by a restarted job.

    A job that goes on from a checkpoint in epoch 3 finds `train_3`, or else, where whoever writes
    the pipes began again with it, `train_0`.
    """

    def __init__(self, rows: FifoRows, channel: Path) -> None:
        self._rows = rows
        self._channel = channel
        self._first_epoch: int | None = None

    @property
    def feature_dim(self) -> int:
        return self._rows.feature_dim

    def rows_of(self, epoch: int) -> RowBatch:
        """Read the epoch's pipe to its end."""
        if self._first_epoch is None:
            begun_again = not self._pipe(epoch).exists() and self._pipe(0).exists()
            self._first_epoch = epoch if begun_again else 0
        return self._rows.rows_of(epoch - self._first_epoch)

    def _pipe(self, epoch: int) -> Path:
        return self._channel.with_name(f"{self._channel.name}_{epoch}")
