"""One pass over the rows, in blocks of mini-batches that each take some tens of milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from pairloom._core import KeptBatches, MetricSums
from pairloom.errors import TrainingDivergedError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.epoch_progress import EpochProgress
from pairloom.training.events import BatchEvent, ProgressEvent, TrainingEvent
from pairloom.training.metrics import named_metrics
from pairloom.training.state import TrainingState
from pairloom.training.training_rows import TrainingRows

SMALLEST_RAMPED_BATCH = 64

# Work of one block in nonzeros times factors: about 20 ms on one core, so that Ctrl-C is prompt.
_BLOCK_WORK = 2e7

ADVICE = (
    "Lower the learning rates (factors_lr, linear_lr, bias_lr), set clip_gradient, for example "
    "to 1, or scale the feature values"
)


class Epoch:
    """Trains one epoch and tells about it."""

    def __init__(
        self,
        state: TrainingState,
        rows: TrainingRows,
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
        self._started = time.perf_counter() - progress.seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    @property
    def metrics(self) -> dict[str, float]:
        return named_metrics(self._progress.totals, self._settings.predictor_type)

    def blocks(self) -> Iterator[EpochProgress]:
        """Train the mini-batches that are left, and yield how far the epoch is after each block.

        Raises
        ------
        TrainingDivergedError
            A NaN or an infinity came up; the parameters before its mini-batch stay.
        """
        order = self._rows.order(self._settings, self._state.epochs_done)
        progress = self._progress
        for boundaries in self._boundaries():
            result = self._state.trainer.train(
                self._rows.checked,
                order,
                boundaries,
                self._num_threads,
                progress.totals,
                self._kept_batches,
            )
            rows_done = boundaries[result.num_batches]
            self._state.rows_trained += rows_done - progress.rows_done
            progress.rows_done = rows_done
            progress.batches_done += result.num_batches
            if result.not_finite is not None:
                raise self._diverged(progress.batches_done, result.not_finite)
            if self._on_event is not None:
                self._tell(self._on_event, result.last_batch)
            progress.seconds = self.seconds
            yield progress

    def _boundaries(self) -> Iterator[list[int]]:
        """Cut the mini-batches into blocks that end where a batch's metrics are asked for."""
        most_rows = self._rows_of_a_block()
        interval = self._settings.batch_metrics_publish_interval
        num_rows, done = self._rows.num_rows, self._progress.rows_done
        rows_before = self._state.rows_trained - done
        num_batches = self._progress.batches_done
        while done < num_rows:
            boundaries = [done]
            while done < num_rows and done - boundaries[0] < most_rows:
                done = min(next_boundary(self._settings, done, rows_before), num_rows)
                boundaries.append(done)
                num_batches += 1
                if self._on_event is not None and (num_batches - 1) % interval == 0:
                    break
            yield boundaries

    def _rows_of_a_block(self) -> int:
        nonzeros = self._rows.batch.num_nonzeros / max(1, self._rows.batch.num_rows)
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

    def _diverged(self, batch: int, not_finite: str) -> TrainingDivergedError:
        largest = self._rows.batch.largest_value()
        epoch = self._progress.epoch
        return TrainingDivergedError(
            f"training diverged in epoch {epoch}, mini-batch {batch}: {not_finite} is not "
            f"finite. {ADVICE}: the largest is {largest:g}. The parameters before this mini-batch "
            "were kept",
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
