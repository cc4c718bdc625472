"""A worker of mode `sync`: computes the gradient of its part of every mini-batch."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pairloom.distributed.mini_batch_parts import MiniBatchParts, cut_at
from pairloom.distributed.ownership import split_gradient
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.distributed.row_gradients import ChunkGradient, RowGradients
from pairloom.distributed.worker import Worker
from pairloom.training.epoch import diverged
from pairloom.training.epoch_progress import sums_to_dict
from pairloom.training.pieces import Piece


class SyncWorker(Worker):
    """Hands over the gradients of its chunks; a round is one mini-batch of all workers."""

    _batches: Generator[list[ChunkGradient]] | None = None
    _rows_before_epoch = 0  # of all workers

    def train_round(self, number: int) -> list[RowGradients]:
        """See Worker; the parts hold the gradients of the worker's chunks."""
        rows_before = self._progress.rows_done
        chunks: list[ChunkGradient] = []
        if not self._at_epoch_end:
            if self._batches is None:
                self._batches = self._chunks_of_batches()
            chunks = next(self._batches, [])
            if not chunks:
                self._at_epoch_end = True
        summary = self._summary(
            number, steps=int(bool(chunks)), rows=self._progress.rows_done - rows_before
        )
        parts = [split_gradient(chunk, self._settings.num_owners) for chunk in chunks]
        return [
            RowGradients(tuple(part[owner] for part in parts), summary)
            for owner in range(self._settings.num_owners)
        ]

    def absorb(self, merged: Sequence[RowDifferences]) -> None:
        """See Worker."""
        self.state.rows_trained += merged[0].summary.rows
        super().absorb(merged)

    def _rows_trained(self, at_handing_over: int, summary: RoundSummary) -> int:
        trained = at_handing_over + summary.rows
        in_epoch = sum(position["rows_done"] for position in summary.positions)
        self._rows_before_epoch = trained - in_epoch
        return trained

    def _begin_epoch(self, epoch: int) -> None:
        if self._batches is not None:
            self._batches.close()
        self._batches = None
        self._rows_before_epoch = self.state.rows_trained
        super()._begin_epoch(epoch)

    def _chunks_of_batches(self) -> Generator[list[ChunkGradient]]:
        if self._rows is None:
            return
        progress = self._progress
        parts = MiniBatchParts(
            self.state.hyperparameters,
            self._rank,
            self._settings.num_workers,
            self._rows_before_epoch,
        )
        self._rows.begin(progress.epoch)
        pieces = self._rows.pieces(self.state.epochs_done, progress.rows_done, parts.next_boundary)
        for piece in pieces:
            while progress.rows_done < piece.end:
                bounds = cut_at(parts.chunks(progress.rows_done), piece.end)
                chunks = [self._gradient(piece, *chunk) for chunk in bounds]
                parts.forget(progress.rows_done)
                progress.rows_done = bounds[-1][1]
                progress.batches_done += 1
                self._at_epoch_end = piece.is_last and progress.rows_done == piece.end
                yield chunks
            del piece

    def _gradient(self, piece: Piece, begin: int, end: int) -> ChunkGradient:
        with self.state.making_entries():
            ids, linear, factors, squares, bias, sums, finite = self.state.trainer.gradient(
                piece.rows.checked, piece.rows.kept, begin - piece.first, end - piece.first
            )
        if not finite:
            what = "a score or its loss derivative"
            raise diverged(self._progress.epoch, self._progress.batches_done, what, "")
        return ChunkGradient(ids, linear, factors, squares, bias, sums_to_dict(sums))
