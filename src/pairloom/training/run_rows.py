"""The training rows of a run: the same in every epoch, or asked for anew in each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Protocol

from pairloom._core import KeptBatches
from pairloom.batch import RowBatch
from pairloom.data import EpochRows
from pairloom.data.segments import Place, Segment, SegmentedRows, Shuffle
from pairloom.errors import DataError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.pieces import Mark, NextBoundary, Piece, SegmentedEpoch
from pairloom.training.run_fingerprint import rows_fingerprint
from pairloom.training.training_rows import (
    TrainingRows,
    check_anything_to_train_on,
    check_width,
    take_rows,
    weighing_rows,
)

_FIRST_MARK = Mark(Place(0, 0, 0), 0)


class RunRows(Protocol):
    """What the loop over epochs knows of its rows.

    Attributes
    ----------
    num_rows
        Of the epoch begun last, or, until its end is known, of the one before; 0 before the first.
    fingerprint
        What a run that goes on from a checkpoint must have in common.
    """

    @property
    def num_rows(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def begin(self, epoch: int) -> None:
        """Make ready the rows of an epoch, unless they are."""
        ...

    def pieces(
        self, shuffled_as: int, rows_done: int, next_boundary: NextBoundary
    ) -> Generator[Piece]:
        """Give what is left of the epoch after so many rows, as pieces of whole mini-batches.

        `shuffled_as` counts the epochs of all runs before, for the order of the rows.
        """
        ...

    def mark_of(self, rows_done: int) -> Mark | None:
        """Say where the epoch's rows after so many can be read; None where they are in memory."""
        ...

    def go_on_at(self, mark: Mark | None) -> None:
        """Begin the next epoch's rows there."""
        ...

    def epoch_fingerprint(self) -> str | None:
        """Say which rows the epoch under way has; None where all epochs have the same."""
        ...

    def kept_batches(self) -> KeptBatches | None:
        """Return room for prepared mini-batches where every epoch has the same ones."""
        ...


def run_rows(
    rows: RowBatch | EpochRows | SegmentedRows, hyperparameters: Hyperparameters
) -> RunRows:
    """Take what `train` was given.

    Raises
    ------
    DataError
        The rows do not fit the hyperparameters.
    """
    if isinstance(rows, RowBatch):
        return _SameRows(rows, hyperparameters)
    if isinstance(rows, SegmentedRows):
        return _StreamedRows(rows, hyperparameters)
    return _AskedRows(rows, hyperparameters)


def threads_left(rows: RowBatch | EpochRows | SegmentedRows, num_threads: int) -> int:
    """Return how many of the threads are not busy with making rows; one at least."""
    return max(1, num_threads - (rows.num_threads if isinstance(rows, SegmentedRows) else 0))


def refuse_other_rows(checkpoint: Path, rows: RunRows, epoch: int, before: str | None) -> None:
    """Raise UserError unless an epoch has the rows that it had when it was left."""
    now = None if before is None else rows.epoch_fingerprint()
    if now is not None and now != before:
        raise UserError(
            f"{checkpoint}: the checkpoint was made inside epoch {epoch}, whose rows were "
            f"{before}; this run has {now}"
        )


class _WholeRows:
    """Rows of which an epoch's are all in memory."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self._hyperparameters = hyperparameters
        self._rows: TrainingRows | None = None

    def pieces(
        self,
        shuffled_as: int,
        rows_done: int,  # noqa: ARG002
        next_boundary: NextBoundary,  # noqa: ARG002
    ) -> Generator[Piece]:
        if self._rows is not None:
            yield self._one_piece(self._rows, shuffled_as)

    def _one_piece(self, rows: TrainingRows, shuffled_as: int) -> Piece:
        ordered = rows.ordered(self._hyperparameters, shuffled_as)
        return Piece(ordered, 0, ordered.num_rows, is_last=True)

    def mark_of(self, rows_done: int) -> Mark | None:  # noqa: ARG002
        return None

    def go_on_at(self, mark: Mark | None) -> None:
        """Do nothing: the position is enough."""


class _SameRows(_WholeRows):
    def __init__(self, rows: RowBatch, hyperparameters: Hyperparameters) -> None:
        super().__init__(hyperparameters)
        self._kept = self._rows = take_rows(rows, hyperparameters)
        self.num_rows = self._kept.num_rows

    @property
    def fingerprint(self) -> str:
        return rows_fingerprint(self._kept.batch)

    def begin(self, epoch: int) -> None:
        """Do nothing: all epochs have the same rows."""

    def epoch_fingerprint(self) -> str | None:
        return None

    def kept_batches(self) -> KeptBatches | None:
        return self._kept.kept_batches(self._hyperparameters)


class _AskedRows(_WholeRows):
    fingerprint = "asked for in each epoch"

    def __init__(self, rows: EpochRows, hyperparameters: Hyperparameters) -> None:
        super().__init__(hyperparameters)
        check_width(rows.feature_dim, hyperparameters)
        self._source = rows
        self._epoch = -1
        self._fingerprint: str | None = None
        self.num_rows = 0

    def begin(self, epoch: int) -> None:
        if self._rows is not None and self._epoch == epoch:
            return
        self._rows = self._fingerprint = None  # let go before the next are made
        batch = self._source.rows_of(epoch)
        try:
            self._rows = take_rows(batch, self._hyperparameters)
        except DataError as error:
            raise DataError(f"epoch {epoch}: {error}") from error
        self._epoch, self.num_rows = epoch, self._rows.num_rows

    def epoch_fingerprint(self) -> str | None:
        if self._fingerprint is None and self._rows is not None:
            self._fingerprint = rows_fingerprint(self._rows.batch)
        return self._fingerprint

    def kept_batches(self) -> KeptBatches | None:
        return None


class _StreamedRows:
    def __init__(self, rows: SegmentedRows, hyperparameters: Hyperparameters) -> None:
        check_width(rows.feature_dim, hyperparameters)
        self._source = rows
        self._hyperparameters = hyperparameters
        self._epoch = 0
        self._begin: Mark | None = None
        self._under_way: SegmentedEpoch | None = None
        self.num_rows = 0

    @property
    def fingerprint(self) -> str:
        return self._source.fingerprint(shuffled=self._hyperparameters.shuffle)

    def begin(self, epoch: int) -> None:
        self._epoch = epoch

    def pieces(
        self, shuffled_as: int, rows_done: int, next_boundary: NextBoundary
    ) -> Generator[Piece]:
        settings = self._hyperparameters
        shuffle = Shuffle(settings.seed, shuffled_as) if settings.shuffle else None
        begin = self._begin or _FIRST_MARK
        self._begin = None
        self._under_way = SegmentedEpoch(begin, rows_done, next_boundary, self._take)
        segments = self._source.segments(self._epoch, shuffle=shuffle, place=begin.place)
        with closing(segments):
            for piece in self._under_way.pieces(segments):
                if piece.is_last:
                    self.num_rows = piece.end
                yield piece
                del piece
        self.num_rows = self._under_way.num_rows
        check_anything_to_train_on(self.num_rows, self._under_way.num_given)

    def _take(self, segment: Segment) -> TrainingRows:
        return weighing_rows(segment.rows, segment.checked, segment.order, self._hyperparameters)

    def mark_of(self, rows_done: int) -> Mark | None:
        return None if self._under_way is None else self._under_way.mark_of(rows_done)

    def go_on_at(self, mark: Mark | None) -> None:
        self._begin = mark

    def epoch_fingerprint(self) -> str | None:
        return None

    def kept_batches(self) -> KeptBatches | None:
        return None
