"""Pipes of a job that may have been started anew."""

from __future__ import annotations

from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.data import FifoRows


class PipeNumbers:
    """Which pipe an epoch has: they are numbered by epochs, or anew by a restarted job.

    A job that goes on from a checkpoint in epoch 3 finds `train_3`, or else, where whoever writes
    the pipes began again with it, `train_0`.
    """

    def __init__(self, channel: Path) -> None:
        self._channel = channel
        self._first_epoch: int | None = None

    def of(self, epoch: int) -> int:
        """Return the number; the first epoch asked for decides how they are numbered."""
        if self._first_epoch is None:
            begun_again = not self.path(epoch).exists() and self.path(0).exists()
            self._first_epoch = epoch if begun_again else 0
        return epoch - self._first_epoch

    def path(self, number: int) -> Path:
        """Return the pipe of a number."""
        return self._channel.with_name(f"{self._channel.name}_{number}")


class ResumedPipe:
    """The rows of each epoch, from pipes that are numbered by epochs or anew."""

    def __init__(self, rows: FifoRows, channel: Path) -> None:
        self._rows = rows
        self._numbers = PipeNumbers(channel)

    @property
    def feature_dim(self) -> int:
        return self._rows.feature_dim

    def rows_of(self, epoch: int) -> RowBatch:
        """Read the epoch's pipe to its end."""
        return self._rows.rows_of(self._numbers.of(epoch))
