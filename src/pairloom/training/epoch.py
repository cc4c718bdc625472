"""One pass over the rows, in blocks of mini-batches that each take some tens of milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from pairloom._core import KeptBatches, MetricSums
from pairloom.errors import TrainingDivergedError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.epoch_progress import EpochProgress
from pairloom.training.events import BatchEvent, ProgressEvent, TrainingEvent
from pairloom.training.feature_table import no_room_for_features
from pairloom.training.metrics import named_metrics
from pairloom.training.pieces import NextBoundary, Piece
from pairloom.training.run_rows import RunRows
from pairloom.training.state import TrainingState

SMALLEST_RAMPED_BATCH = 64

# Work of one block in nonzeros times factors: about 20 ms on one core, so that Ctrl-C is prompt.
_BLOCK_WORK = 2e7

KEPT = "The parameters before this mini-batch were kept"
_ADVICE = (
    "Lower the learning rates (factors_lr, linear_lr, bias_lr), set clip_gradient, for example "
    "to 1, or scale the feature values"
)


class Epoch:
    """Trains one epoch and tells about it.

    Attributes
    ----------
    at_end
        Whether the block before was the epoch's last.
    pause_at
        Row at which a block ends, or with the first mini-batch after it; 0: none.
    """

    def __init__(
        self,
        state: TrainingState,
        rows: RunRows,
        *,
        progress: EpochProgress,
        num_threads: int,
        kept_batches: KeptBatches | None,
        on_event: Callable[[TrainingEvent], None] | None,
    ) -> None:
        self._state = state
        self._settings = state.hyperparameters
        self._rows = rows
        self._kept_batches = kept_batches
        self._progress = progress
        self._num_threads = num_threads
        self._on_event = on_event
        self.at_end = False
        self.pause_at = 0
        self._started = time.perf_counter() - progress.seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    @property
    def metrics(self) -> dict[str, float]:
        return named_metrics(self._progress.totals, self._settings.predictor_type)

    def blocks(self) -> Generator[EpochProgress]:
        """Train the mini-batches that are left, and yield how far the epoch is after each block.

        Raises
        ------
        TrainingDivergedError
            A NaN or an infinity came up; the parameters before its mini-batch stay.
        """
        progress = self._progress
        if progress.rows_done == 0:
            self._state.trainer.forget_waiting()
        rows_before = self._state.rows_trained - progress.rows_done

        def boundary_after(done: int) -> int:
            return next_boundary(self._settings, done, rows_before)

        pieces = self._rows.pieces(self._state.epochs_done, progress.rows_done, boundary_after)
        with closing(pieces):
            for piece in pieces:
                for _ in self._blocks_of(piece, boundary_after):
                    self.at_end = piece.is_last and progress.rows_done == piece.end
                    yield progress
                del piece

    def _blocks_of(self, piece: Piece, boundary_after: NextBoundary) -> Generator[None]:
        progress = self._progress
        for boundaries in self._boundaries(piece, boundary_after):
            result = self._state.trainer.train(
                piece.rows.checked,
                piece.rows.kept,
                [boundary - piece.first for boundary in boundaries],
                self._num_threads,
                progress.totals,
                self._kept_batches,
            )
            rows_done = boundaries[result.num_batches]
            self._state.rows_trained += rows_done - progress.rows_done
            progress.rows_done = rows_done
            progress.batches_done += result.num_batches
            if result.not_finite is not None:
                largest = piece.rows.batch.largest_value()
                raise self._diverged(progress.batches_done, result.not_finite, largest)
            if result.no_room:
                trainer = self._state.trainer
                raise no_room_for_features(self._settings, trainer.num_entries, trainer.num_waiting)
            if self._on_event is not None:
                self._tell(self._on_event, result.last_batch)
            progress.seconds = self.seconds
            yield

    def _boundaries(self, piece: Piece, boundary_after: NextBoundary) -> Iterator[list[int]]:
        """Cut the mini-batches into blocks that end where a batch's metrics are asked for."""
        most_rows = self._rows_of_a_block(piece)
        interval = self._settings.batch_metrics_publish_interval
        done, num_batches = self._progress.rows_done, self._progress.batches_done
        while done < piece.end:
            boundaries = [done]
            enough = done + most_rows
            if self.pause_at > done:
                enough = min(enough, self.pause_at)
            while done < min(enough, piece.end):
                done = min(boundary_after(done), piece.end)
                boundaries.append(done)
                num_batches += 1
                if self._on_event is not None and (num_batches - 1) % interval == 0:
                    break
            yield boundaries

    def _rows_of_a_block(self, piece: Piece) -> int:
        nonzeros = piece.rows.batch.num_nonzeros / max(1, piece.rows.batch.num_rows)
        return max(1, int(_BLOCK_WORK / (1 + nonzeros) / (8 + self._settings.num_factors)))

    def _tell(self, on_event: Callable[[TrainingEvent], None], batch_sums: MetricSums) -> None:
        batch = self._progress.batches_done - 1
        if batch % self._settings.batch_metrics_publish_interval == 0:
            metrics = named_metrics(batch_sums, self._settings.predictor_type)
            on_event(BatchEvent(self._progress.epoch, batch, metrics))
        on_event(
            ProgressEvent(
                epoch=self._progress.epoch,
                epochs=self._settings.epochs,
                rows_done=self._progress.rows_done,
                rows_total=self._rows.num_rows,
                seconds=self.seconds,
                metrics=self.metrics,
                batches_done=self._progress.batches_done,
            )
        )

    def _diverged(self, batch: int, not_finite: str, largest: float) -> TrainingDivergedError:
        more = f": the largest is {largest:g}. {KEPT}"
        return diverged(self._progress.epoch, batch, not_finite, more)


def diverged(epoch: int, batch: int, not_finite: str, more: str) -> TrainingDivergedError:
    """Return the error of a mini-batch; `more` goes on behind the advice."""
    return TrainingDivergedError(
        f"training diverged in epoch {epoch}, mini-batch {batch}: {not_finite} is not finite. "
        f"{_ADVICE}{more}",
        epoch=epoch,
        batch=batch,
    )


def next_boundary(settings: Hyperparameters, done: int, rows_before: int) -> int:
    """Return where the mini-batch ends that begins after `done` rows of an epoch.

    `batch_ramp` keeps it a small share of the rows trained so far, those of earlier epochs
    (`rows_before`) among them, in whole 64s: the first steps change the most, and so are many.
    Multiples of `mini_batch_size` stay boundaries, so that later epochs have the same mini-batches.
    """
    size = settings.mini_batch_size
    full = done // size * size + size
    if settings.batch_ramp == 0:
        return full
    share = (rows_before + done) // settings.batch_ramp
    ramped = share // SMALLEST_RAMPED_BATCH * SMALLEST_RAMPED_BATCH
    return min(full, done + max(SMALLEST_RAMPED_BATCH, ramped))
