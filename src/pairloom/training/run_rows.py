"""The training rows of a run: the same in every epoch, or asked for anew in each."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pairloom._core import KeptBatches
from pairloom.batch import RowBatch
from pairloom.data import EpochRows
from pairloom.errors import DataError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.run_fingerprint import rows_fingerprint
from pairloom.training.training_rows import TrainingRows, check_width, take_rows


class RunRows(Protocol):
    """What the loop over epochs knows of its rows.

    Attributes
    ----------
    num_rows
        Of the epoch asked for last; 0 before the first.
    fingerprint
        What a run that goes on from a checkpoint must have in common.
    """

    @property
    def num_rows(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def of(self, epoch: int) -> TrainingRows:
        """Return the rows of an epoch."""
        ...

    def epoch_fingerprint(self) -> str | None:
        """Say which rows the epoch under way has; None where all epochs have the same."""
        ...

    def kept_batches(self) -> KeptBatches | None:
        """Return room for prepared mini-batches where every epoch has the same ones."""
        ...


def run_rows(rows: RowBatch | EpochRows, hyperparameters: Hyperparameters) -> RunRows:
    """Take what `train` was given.

    Raises
    ------
    DataError
        The rows do not fit the hyperparameters.
    """
    if isinstance(rows, RowBatch):
        return _SameRows(rows, hyperparameters)
    return _AskedRows(rows, hyperparameters)


def refuse_other_rows(checkpoint: Path, rows: RunRows, epoch: int, before: str | None) -> None:
    """Raise UserError unless an epoch has the rows that it had when it was left."""
    now = None if before is None else rows.epoch_fingerprint()
    if now is not None and now != before:
        raise UserError(
            f"{checkpoint}: the checkpoint was made inside epoch {epoch}, whose rows were "
            f"{before}; this run has {now}"
        )


class _SameRows:
    def __init__(self, rows: RowBatch, hyperparameters: Hyperparameters) -> None:
        self._hyperparameters = hyperparameters
        self._rows = take_rows(rows, hyperparameters)
        self.num_rows = self._rows.num_rows

    @property
    def fingerprint(self) -> str:
        return rows_fingerprint(self._rows.batch)

    def of(self, epoch: int) -> TrainingRows:  # noqa: ARG002  all epochs have the same
        return self._rows

    def epoch_fingerprint(self) -> str | None:
        return None

    def kept_batches(self) -> KeptBatches | None:
        return self._rows.kept_batches(self._hyperparameters)


class _AskedRows:
    fingerprint = "asked for in each epoch"

    def __init__(self, rows: EpochRows, hyperparameters: Hyperparameters) -> None:
        check_width(rows.feature_dim, hyperparameters)
        self._source = rows
        self._hyperparameters = hyperparameters
        self._epoch = -1
        self._rows: TrainingRows | None = None
        self._fingerprint: str | None = None
        self.num_rows = 0

    def of(self, epoch: int) -> TrainingRows:
        if self._rows is not None and self._epoch == epoch:
            return self._rows
        self._rows = self._fingerprint = None  # let go before the next are made
        batch = self._source.rows_of(epoch)
        try:
            self._rows = take_rows(batch, self._hyperparameters)
        except DataError as error:
            raise DataError(f"epoch {epoch}: {error}") from error
        self._epoch, self.num_rows = epoch, self._rows.num_rows
        return self._rows

    def epoch_fingerprint(self) -> str | None:
        if self._fingerprint is None and self._rows is not None:
            self._fingerprint = rows_fingerprint(self._rows.batch)
        return self._fingerprint

    def kept_batches(self) -> KeptBatches | None:
        return None
