"""Pieces of an epoch: mini-batches whose rows lie in one batch, cut out of segments."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from pairloom.batch import RowBatch
from pairloom.data.joined_rows import join_rows, rows_at, rows_between
from pairloom.data.segments import Place, Segment
from pairloom.training.training_rows import TrainingRows

NextBoundary = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole mini-batches of an epoch, to be trained on from one batch of rows.

    Attributes
    ----------
    rows
        Whose first row to train on is row `first` of the epoch.
    end
        Row of the epoch after the last mini-batch.
    is_last
        Whether the epoch ends there.
    """

    rows: TrainingRows
    first: int
    end: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the files, and the rows of the epoch before it."""

    place: Place
    rows_before: int


class SegmentedEpoch:
    """Cuts the segments of an epoch into pieces, as if they were one batch.

    The last mini-batch of each segment waits for the next one, so that the epoch's last is known
    as such.

    Parameters
    ----------
    begin
        Where the first segment begins.
    rows_done
        Of the epoch, trained before: they are passed over.
    next_boundary
        Where the mini-batch ends that begins after so many rows.
    take
        Checks a segment and leaves out its rows of weight 0.

    Attributes
    ----------
    num_rows
        Of the epoch, up to the end of the last segment taken.
    num_given
        Rows of the segments taken, those of weight 0 among them.
    """

    def __init__(
        self,
        begin: Mark,
        rows_done: int,
        next_boundary: NextBoundary,
        take: Callable[[Segment], TrainingRows],
    ) -> None:
        self._marks = [begin]
        self._next_boundary = next_boundary
        self._take = take
        self._rows_cut = rows_done
        self._carried: list[RowBatch] = []
        self.num_rows = begin.rows_before
        self.num_given = 0

    def mark_of(self, rows_done: int) -> Mark:
        """Return the last place before a row that was not trained on."""
        while len(self._marks) > 1 and self._marks[1].rows_before <= rows_done:
            del self._marks[0]
        return self._marks[0]

    def pieces(self, segments: Generator[Segment]) -> Generator[Piece]:
        """Give the pieces that are left, in order; each is to be let go before the next."""
        while (segment := next(segments, None)) is not None:
            if segment.place != self._marks[0].place:
                self._marks.append(Mark(segment.place, self.num_rows))
            rows = self._take(segment)
            self.num_given += segment.rows.num_rows
            del segment
            first, self.num_rows = self.num_rows, self.num_rows + rows.num_rows
            yield from self._pieces_of(rows, first)
            del rows
        if self._carried:
            yield self._carried_piece(self.num_rows, is_last=True)

    def _pieces_of(self, rows: TrainingRows, first: int) -> Generator[Piece]:
        end = first + rows.num_rows
        done = self._rows_cut + sum(part.num_rows for part in self._carried)
        if done >= end:
            return
        if self._carried:
            boundary = min(self._next_boundary(self._rows_cut), end)
            self._carried.append(_part(rows, done - first, boundary - first))
            if boundary == end:
                return
            yield self._carried_piece(boundary, is_last=False)
        last = self._rows_cut
        while (boundary := self._next_boundary(last)) < end:
            last = boundary
        if last > self._rows_cut:
            yield Piece(rows, first, last, is_last=False)
        self._rows_cut = last
        self._carried = [_part(rows, last - first, end - first)]

    def _carried_piece(self, end: int, *, is_last: bool) -> Piece:
        batch = join_rows(self._carried)
        first, self._rows_cut, self._carried = self._rows_cut, end, []
        return Piece(TrainingRows(batch, batch.checked(), None), first, end, is_last)


def _part(rows: TrainingRows, begin: int, end: int) -> RowBatch:
    """Copy the rows at these positions among those to train on."""
    if rows.kept is None:
        return rows_between(rows.batch, begin, end)
    return rows_at(rows.batch, np.ascontiguousarray(rows.kept[begin:end]))
