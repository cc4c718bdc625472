"""What workers of both modes share: a copy of the parameters that keeps up round by round."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

from pairloom.batch import RowBatch
from pairloom.data import EpochRows
from pairloom.data.segments import SegmentedRows
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.distributed.row_gradients import RowGradients
from pairloom.distributed.settings import DistributedSettings
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model
from pairloom.runtime import allowed_threads
from pairloom.training.checkpoint_content import RunPosition, position_from_dict, position_to_dict
from pairloom.training.epoch_progress import EpochProgress, sums_to_dict
from pairloom.training.run_rows import run_rows, threads_left
from pairloom.training.state import TrainingState

WorkerRows: TypeAlias = RowBatch | EpochRows | SegmentedRows
WorkerPart: TypeAlias = RowDifferences | RowGradients


class Worker(ABC):
    """Trains in rounds; between two it hands over parts to the owners and takes in what they made.

    After `absorb` every worker holds the same bytes of parameters and optimizer state, but for what
    rounds that run ahead of the merge have changed.

    Parameters
    ----------
    rank
        Its place among the workers, from 0.
    rows
        Its own, as `pairloom.training.train` takes them; None: none, it only keeps up.
    state
        Where all workers and owners start; by default a new model from the seed.
    num_threads
        0 takes as many as the process may run.

    Raises
    ------
    UserError
        A hyperparameter that several workers cannot honour.
    DataError
        The rows do not fit the hyperparameters.
    """

    def __init__(
        self,
        settings: DistributedSettings,
        rank: int,
        rows: WorkerRows | None,
        hyperparameters: Hyperparameters,
        *,
        state: TrainingState | None = None,
        num_threads: int = 0,
    ) -> None:
        settings.refuse_unsupported(hyperparameters)
        threads = num_threads or allowed_threads()
        self._num_threads = threads if rows is None else threads_left(rows, threads)
        self._settings = settings
        self._rank = rank
        self._rows = None if rows is None else run_rows(rows, hyperparameters)
        if state is None:
            state = TrainingState.initial(hyperparameters, num_threads=self._num_threads)
        self.state = state
        self._progress = EpochProgress()
        self._at_epoch_end = False

    @property
    def model(self) -> Model:
        """The model as it is now; after `absorb` it is that of all workers."""
        return self.state.model()

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, on all workers."""
        return self._progress.epoch >= self.state.hyperparameters.epochs

    @abstractmethod
    def train_round(self, number: int) -> Sequence[WorkerPart]:
        """Train the next rows of the epoch and return one part for each owner.

        A worker whose rows end before the others' hands over empty parts until all are at the end.

        Raises
        ------
        TrainingDivergedError
            A NaN or an infinity came up.
        """

    def absorb(self, merged: Sequence[RowDifferences]) -> None:
        """Take in what the owners made, one part of each; the next round may then begin."""
        self._write(merged)
        summary = merged[0].summary
        if summary.at_epoch_end and summary.epoch == self._progress.epoch:
            self._begin_epoch(self._progress.epoch + 1)

    def restore(self, committed: Sequence[RowDifferences]) -> None:
        """Go back to a committed round, of which every owner gave its entries.

        The worker must be new: entries that no committed round touched are those of the start.
        """
        self._write(committed)
        summary = committed[0].summary
        saved = summary.positions[self._rank]
        position = position_from_dict(saved, self.state.hyperparameters.epochs)
        self._progress = position.progress
        self._at_epoch_end = saved["at_epoch_end"]
        self.state.epochs_done = position.progress.epoch
        self.state.rows_trained = self._rows_trained(saved["rows_trained"], summary)
        if self._rows is not None:
            self._rows.go_on_at(position.mark)
        if summary.at_epoch_end:
            self._begin_epoch(self._progress.epoch + 1)

    def _rows_trained(self, at_handing_over: int, summary: RoundSummary) -> int:  # noqa: ARG002
        return at_handing_over

    def _begin_epoch(self, epoch: int) -> None:
        self._at_epoch_end = False
        self._progress = EpochProgress(epoch=epoch)
        self.state.epochs_done = epoch

    def _summary(self, number: int, *, steps: int, rows: int) -> RoundSummary:
        trainer = self.state.trainer
        return RoundSummary(
            number=number,
            epoch=self._progress.epoch,
            at_epoch_end=self._at_epoch_end,
            bias=trainer.bias,
            bias_state=tuple(trainer.bias_state),
            step_count=trainer.step_count,
            steps=steps,
            rows=rows,
            sums=sums_to_dict(self._progress.totals),
            positions=(self._position(),),
        )

    def _write(self, parts: Sequence[RowDifferences]) -> None:
        if len(parts) != self._settings.num_owners:
            raise UserError(
                f"{len(parts)} parts were given; there are {self._settings.num_owners} owners"
            )
        with self.state.making_entries():
            self._take_in(parts)

    def _take_in(self, parts: Sequence[RowDifferences]) -> None:
        for part in parts:
            part.write_to(self.state.trainer)

    def _position(self) -> dict[str, object]:
        rows_done = self._progress.rows_done
        mark = self._rows.mark_of(rows_done) if self._rows is not None and rows_done else None
        return {
            **position_to_dict(RunPosition(self._progress, (), mark=mark)),
            "rows_trained": self.state.rows_trained,
            "at_epoch_end": self._at_epoch_end,
        }
