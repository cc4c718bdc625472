"""The rounds of a run: trained, merged, committed, and gone back to when something dies."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from pairloom.batch import RowBatch
from pairloom.distributed.committed_state import CommittedState
from pairloom.distributed.ray_actors import (
    ActorGroup,
    ActorOrder,
    LostActorError,
    StopRequestedError,
)
from pairloom.distributed.row_differences import RoundSummary
from pairloom.distributed.run_record import RunRecord
from pairloom.errors import PlatformError, TrainingDivergedError
from pairloom.training.epoch_progress import sums_from_dict
from pairloom.training.evaluation import evaluate
from pairloom.training.events import EpochEvent, ProgressEvent, ResumedEvent, TrainingEvent
from pairloom.training.metrics import named_metrics
from pairloom.training.run_result import run_result
from pairloom.training.state import TrainingResult, TrainingState

logger = logging.getLogger(__name__)

MOST_LOSSES = 5


class RoundLoop:
    """Drives the actors of one run, and reads what they committed when its model is asked for.

    Parameters
    ----------
    order
        What the actors are made from.
    state
        Where the run starts; it becomes that of each committed round.
    num_rows
        That an epoch has, of all workers; 0: nobody knows.
    """

    def __init__(  # noqa: PLR0913  what a run is given, each by name
        self,
        ray: Any,
        order: ActorOrder,
        state: TrainingState,
        record: RunRecord,
        *,
        num_rows: int,
        validation: RowBatch | None,
        on_event: Callable[[TrainingEvent], None] | None,
        stop_requested: Callable[[], bool],
    ) -> None:
        self._ray = ray
        self._order = order
        self._record = record
        self._num_rows = num_rows
        self._validation = validation
        self._on_event = on_event
        self._stop_requested = stop_requested
        self._epochs = order.hyperparameters.epochs
        self._committed = CommittedState(order.folder, state, order.settings)
        self._rows_before = state.rows_trained
        self._number = 0
        self._epochs_done = 0
        self._rows_done = 0
        self._history: list[EpochEvent] = []
        self._began = time.monotonic()

    def run(self) -> TrainingResult:
        """Train to the end, or until asked to stop.

        Raises
        ------
        PlatformError
            Workers or owners died again and again without a round in between.
        TrainingDivergedError
            A NaN or an infinity came up; `last_good` is that of the last committed round.
        """
        losses, interrupted = 0, False
        while not (self._finished or interrupted):
            before = self._number
            try:
                self._rounds_of_a_group()
            except StopRequestedError:
                interrupted = True
            except LostActorError as error:
                losses = 1 if self._number > before else losses + 1
                self._refuse_more(losses, error)
            except TrainingDivergedError as error:
                error.last_good = self._result(interrupted=False)
                raise
        return self._result(interrupted=interrupted)

    @property
    def _finished(self) -> bool:
        return self._epochs_done >= self._epochs

    def _refuse_more(self, losses: int, error: LostActorError) -> None:
        told = f"a worker, an owner or their node was lost after round {self._number}: {error}"
        if losses == MOST_LOSSES:
            raise PlatformError(f"{told}; the same happened {losses} times in a row") from error
        logger.warning("%s. All are started anew from that round", told)

    def _rounds_of_a_group(self) -> None:
        group = ActorGroup(self._ray, self._order, self._stop_requested)
        try:
            self._go_on(group)
            while not self._finished:
                if self._stop_requested():
                    raise StopRequestedError
                for summary in group.commit_rounds(self._number + 1):
                    self._number = summary.number
                    # Another epoch's was begun before its worker knew of that epoch's end.
                    if summary.epoch == self._epochs_done:
                        self._tell(summary)
        finally:
            group.end()

    def _go_on(self, group: ActorGroup) -> None:
        """Take all to the last committed round, if there is one."""
        committed = group.committed()
        if committed == 0:
            return
        summary = group.restore(committed)
        first, newer = self._number == 0, committed > self._number
        self._number = committed
        if not newer:
            return
        self._epochs_done = summary.epoch + summary.at_epoch_end
        self._history = list(self._record.epochs_until(committed))
        self._rows_done = sum(position["rows_done"] for position in summary.positions)
        if first:
            where = str(self._order.folder)
            self._send(ResumedEvent(where, summary.epoch, self._rows_done, self._num_rows))
        if not summary.at_epoch_end:
            return
        if len(self._history) == summary.epoch:
            self._end_epoch(summary)
        self._rows_done = 0

    def _tell(self, summary: RoundSummary) -> None:
        self._rows_done += summary.rows
        self._send(
            ProgressEvent(
                epoch=summary.epoch,
                epochs=self._epochs,
                rows_done=self._rows_done,
                rows_total=self._num_rows,
                seconds=time.monotonic() - self._began,
                metrics=self._metrics(summary),
            )
        )
        if summary.at_epoch_end:
            self._epochs_done = summary.epoch + 1
            self._end_epoch(summary)

    def _end_epoch(self, summary: RoundSummary) -> None:
        validation = {}
        if self._validation is not None:
            validation = evaluate(self._state().model(), self._validation)
        self._num_rows = self._rows_done
        event = EpochEvent(
            epoch=summary.epoch,
            train=self._metrics(summary),
            validation=validation,
            rows=self._rows_done,
            seconds=time.monotonic() - self._began,
        )
        self._history.append(event)
        self._record.add(self._number, event)
        self._rows_done, self._began = 0, time.monotonic()
        self._send(event)

    def _metrics(self, summary: RoundSummary) -> dict[str, float]:
        predictor_type = self._order.hyperparameters.predictor_type
        return named_metrics(sums_from_dict(dict(summary.sums)), predictor_type)

    def _send(self, event: TrainingEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _state(self) -> TrainingState:
        """Return the state after the last committed round."""
        state = self._committed.at(self._number)
        state.epochs_done = self._epochs_done
        epochs_rows = sum(event.rows for event in self._history)
        state.rows_trained = self._rows_before + epochs_rows + self._rows_done
        return state

    def _result(self, *, interrupted: bool) -> TrainingResult:
        return run_result(
            self._state(), self._history, num_rows=self._num_rows, interrupted=interrupted
        )
