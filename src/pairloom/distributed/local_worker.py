"""A worker of mode `local`: trains its own rows on its own copy of the parameters."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from pairloom._core import Optimizer, merges_shares
from pairloom.distributed.ownership import touched_by_owner
from pairloom.distributed.row_differences import RowDifferences
from pairloom.distributed.run_ahead import RunAhead
from pairloom.distributed.worker import Worker
from pairloom.training.epoch import Epoch
from pairloom.training.epoch_progress import EpochProgress

# Workers that learn the same overshoot together, above all at first: so many rows of a worker are
# trained in rounds of the smallest size.
ROWS_OF_SMALLEST_ROUNDS = 50_000
SMALLEST_ROUND = 1000
# Later rounds that a worker trains without knowing the others' have at most this share of the rows
# that it trained before them, all together.
ROUND_RAMP = 4


class LocalWorker(Worker):
    """Hands over the entries that its mini-batches touched, with the values they have now."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._kept_batches = None if self._rows is None else self._rows.kept_batches()
        optimizer = Optimizer[self.state.hyperparameters.optimizer]
        if self._rows is not None and merges_shares(optimizer):
            self.state.learning_rate_factor = self._settings.num_workers
        self.state.trainer.note_touches()
        self._ahead: RunAhead | None = None
        if self._rows is not None and self._settings.staleness:
            self._ahead = RunAhead(self.state, self._settings.num_workers)
        self._epoch: Epoch | None = None
        self._blocks: Generator[EpochProgress] | None = None

    def train_round(self, number: int) -> list[RowDifferences]:
        """See Worker; the parts hold what the round touched."""
        rows_before, steps_before = self._progress.rows_done, self.state.trainer.step_count
        if not self._at_epoch_end:
            self._train_rows()
        summary = self._summary(
            number,
            steps=self.state.trainer.step_count - steps_before,
            rows=self._progress.rows_done - rows_before,
        )
        parts = touched_by_owner(self.state.trainer, summary, self._settings.num_owners)
        return parts if self._ahead is None else self._ahead.hand_over(parts)

    def _take_in(self, parts: Sequence[RowDifferences]) -> None:
        if self._ahead is None:
            super()._take_in(parts)
        else:
            self._ahead.absorb(parts)

    def _train_rows(self) -> None:
        if self._rows is None:
            self._at_epoch_end = True
            return
        if self._blocks is None or self._epoch is None:
            self._rows.begin(self._progress.epoch)
            self._epoch = Epoch(
                self.state,
                self._rows,
                progress=self._progress,
                num_threads=self._num_threads,
                kept_batches=self._kept_batches,
                on_event=None,
            )
            self._blocks = self._epoch.blocks()
        self._epoch.pause_at = self._progress.rows_done + self._rows_of_a_round()
        for progress in self._blocks:
            if self._epoch.at_end or progress.rows_done >= self._epoch.pause_at:
                self._at_epoch_end = self._epoch.at_end
                return
        self._at_epoch_end = True

    def _rows_of_a_round(self) -> int:
        rows_before, ramped = self.state.rows_trained, SMALLEST_ROUND
        if rows_before >= ROWS_OF_SMALLEST_ROUNDS:
            ramped = max(ramped, rows_before // (ROUND_RAMP * (1 + self._settings.staleness)))
        return min(self._settings.round_rows, ramped)

    def _begin_epoch(self, epoch: int) -> None:
        if self._blocks is not None:
            self._blocks.close()
        self._epoch = self._blocks = None
        super()._begin_epoch(epoch)
