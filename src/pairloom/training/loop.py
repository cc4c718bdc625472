"""The training run: epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.data import EpochRows, RowsInterruptedError
from pairloom.data.segments import SegmentedRows
from pairloom.errors import TrainingDivergedError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.runtime import allowed_threads
from pairloom.training.checkpoint_content import RunPosition, take_over
from pairloom.training.checkpoints import Checkpoints, RunCheckpoints
from pairloom.training.epoch import Epoch
from pairloom.training.epoch_progress import EpochProgress
from pairloom.training.evaluation import evaluate
from pairloom.training.events import EpochEvent, ResumedEvent, TrainingEvent
from pairloom.training.plateau import Plateau
from pairloom.training.row_weights import check_weighs_anything
from pairloom.training.run_fingerprint import run_fingerprint
from pairloom.training.run_result import run_result, validation_losses
from pairloom.training.run_rows import RunRows, refuse_other_rows, run_rows, threads_left
from pairloom.training.state import TrainingResult, TrainingState
from pairloom.training.stopping import BestEpoch


def train(  # noqa: PLR0913  what a run may be given besides its rows, each by name
    rows: RowBatch | EpochRows | SegmentedRows,
    hyperparameters: Hyperparameters,
    *,
    validation: RowBatch | None = None,
    state: TrainingState | None = None,
    num_threads: int = 0,
    on_event: Callable[[TrainingEvent], None] | None = None,
    checkpoints: Checkpoints | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train a factorization machine.

    The result depends on rows, hyperparameters and state alone, to the byte; not on
    `num_threads`, the processor's instruction path, whether events are asked for, or how often
    the run was killed and went on from a checkpoint.

    Parameters
    ----------
    rows
        With labels: 0 and 1 for a binary classifier, any for a regressor. Rows of weight 0
        count as absent. Of EpochRows each epoch's are asked for at its start, after those of the
        epoch before were let go. Of SegmentedRows only some of an epoch's are held at a time; in
        their own order they give the bytes of the same rows in one batch.
    validation
        Rows to evaluate after each epoch; early stopping and `plateau_patience` need them.
    state
        Where to go on from, changed in place; it holds the same hyperparameters. By default a
        new model from the seed. Learning rates that a plateau cut are whole again.
    num_threads
        0 takes as many as the process may run.
    on_event
        Called between blocks of work with BatchEvent, ProgressEvent and EpochEvent, and first
        with ResumedEvent when training goes on from a checkpoint.
    checkpoints
        Where to leave checkpoints now and then, and to go on from the newest if there is one.
    stop_requested
        Asked between blocks; once it returns true, a checkpoint is written and training ends
        with the parameters of the best epoch by validation, or the last ones without. So it does
        when EpochRows or SegmentedRows raise RowsInterruptedError.

    Raises
    ------
    UserError
        The newest checkpoint is of a run of other data, hyperparameters or start.
    DataFormatError
        There are checkpoints and all are damaged.
    DataError
        Rows that do not fit the hyperparameters, or none of positive weight.
    TrainingDivergedError
        A NaN or an infinity came up. `state` and the error's `last_good` hold the parameters
        before that mini-batch.
    KeyboardInterrupt
        On Ctrl-C, within a block; `state` is then after a whole number of mini-batches.
    """
    _check_validation(validation, hyperparameters)
    training_rows = run_rows(rows, hyperparameters)
    run_checkpoints = None
    if checkpoints is not None:
        fingerprint = run_fingerprint(hyperparameters, training_rows.fingerprint, validation, state)
        run_checkpoints = RunCheckpoints(checkpoints, fingerprint)
    threads = threads_left(rows, num_threads or allowed_threads())
    if state is None:
        state = TrainingState.initial(hyperparameters, num_threads=threads)
    elif state.hyperparameters != hyperparameters:
        raise UserError(
            "the state holds other hyperparameters than those given; "
            "pass state.with_hyperparameters(hyperparameters)"
        )
    state.learning_rate_factor = 1.0
    run = _Run(state, training_rows, validation, threads, on_event)
    run.prepare(run_checkpoints, stop_requested)
    return run.all_epochs()


class _Run:
    """The epochs of one call of `train`."""

    def __init__(
        self,
        state: TrainingState,
        rows: RunRows,
        validation: RowBatch | None,
        num_threads: int,
        on_event: Callable[[TrainingEvent], None] | None,
    ) -> None:
        self._state = state
        self._settings = state.hyperparameters
        self._rows = rows
        self._kept_batches = rows.kept_batches()
        self._validation = validation
        self._num_threads = num_threads
        self._on_event = on_event
        self._history: list[EpochEvent] = []
        self._progress = EpochProgress()
        self._best: BestEpoch | None = None
        self._plateau = Plateau(self._settings)
        self._checkpoints: RunCheckpoints | None = None
        self._stop_requested: Callable[[], bool] = lambda: False
        self._interrupted = False

    def prepare(
        self, checkpoints: RunCheckpoints | None, stop_requested: Callable[[], bool] | None
    ) -> None:
        """Go on from the newest checkpoint, if there is one."""
        self._checkpoints = checkpoints
        if stop_requested is not None:
            self._stop_requested = stop_requested
        may_go_back = self._settings.early_stopping or stop_requested is not None
        if self._validation is not None and may_go_back:
            self._best = BestEpoch(self._state.trainer)
        newest = None if checkpoints is None else checkpoints.newest()
        if newest is None:
            return
        position = take_over(newest, self._state, self._best, num_rows=self._rows.num_rows or None)
        self._progress = position.progress
        self._history = list(position.history)
        for loss in self._validation_losses():
            self._plateau.is_reached(loss)
        self._rows.go_on_at(position.mark)
        self._resume(newest.path, position.epoch_rows)

    def _resume(self, checkpoint: Path, epoch_rows: str | None) -> None:
        progress = self._progress
        try:
            self._rows.begin(progress.epoch)
        except RowsInterruptedError:  # the checkpoint is already there
            self._interrupted = True
            return
        refuse_other_rows(checkpoint, self._rows, progress.epoch, epoch_rows)
        rows_total = self._rows.num_rows
        self._send(ResumedEvent(str(checkpoint), progress.epoch, progress.rows_done, rows_total))

    def all_epochs(self) -> TrainingResult:
        epochs = self._settings.epochs
        while self._progress.epoch < epochs and not self._interrupted:
            if not self._one_epoch() or self._no_longer_better():
                break
            self._progress = EpochProgress(epoch=self._progress.epoch + 1)
            if self._progress.epoch < epochs:
                self._cut_learning_rates_on_a_plateau()
                self._pause(epochs_done=self._progress.epoch)
        if self._best is not None and (self._settings.early_stopping or self._interrupted):
            self._best.restore()
        return self._result()

    def _one_epoch(self) -> bool:
        """Train what is left of the epoch and measure it; false when asked to stop before."""
        try:
            self._rows.begin(self._progress.epoch)
            epoch = Epoch(
                self._state,
                self._rows,
                progress=self._progress,
                num_threads=self._num_threads,
                kept_batches=self._kept_batches if self._mini_batches_repeat() else None,
                on_event=self._on_event,
            )
            with closing(epoch.blocks()) as blocks:
                for _ in blocks:
                    if not epoch.at_end and self._pause():
                        return False
        except RowsInterruptedError:
            self._interrupted = True
            self._write_checkpoint()
            return False
        except TrainingDivergedError as error:
            error.last_good = self._result()
            raise
        self._state.epochs_done += 1
        seconds = epoch.seconds
        event = EpochEvent(
            epoch=self._progress.epoch,
            train=epoch.metrics,
            validation=self._evaluate(),
            rows=self._rows.num_rows,
            seconds=seconds,
            learning_rate_factor=self._state.learning_rate_factor,
        )
        self._history.append(event)
        self._send(event)
        return True

    def _mini_batches_repeat(self) -> bool:
        """Say whether later epochs will have the mini-batches of this one.

        Features that are counted are not yet in all of the first epoch's.
        """
        return self._settings.admission_count == 1 or self._progress.epoch > 0

    def _pause(self, *, epochs_done: int | None = None) -> bool:
        """Write a checkpoint if it is time; return whether to stop here."""
        self._interrupted = self._stop_requested()
        checkpoints = self._checkpoints
        if checkpoints is not None and (
            self._interrupted or checkpoints.is_due(epochs_done=epochs_done)
        ):
            self._write_checkpoint()
        return self._interrupted

    def _write_checkpoint(self) -> None:
        if self._checkpoints is None:
            return
        rows_done = self._progress.rows_done
        epoch_rows = self._rows.epoch_fingerprint() if rows_done else None
        mark = self._rows.mark_of(rows_done) if rows_done else None
        position = RunPosition(self._progress, self._history, epoch_rows, mark)
        self._checkpoints.write(position, self._state, self._best)

    def _cut_learning_rates_on_a_plateau(self) -> None:
        if self._plateau.is_reached(self._validation_losses()[-1]):
            self._state.learning_rate_factor *= self._settings.plateau_factor

    def _no_longer_better(self) -> bool:
        if self._best is None:
            return False
        epoch = self._progress.epoch
        self._best.take_in(epoch, self._validation_losses()[-1])
        patience = self._settings.early_stopping_patience
        return self._settings.early_stopping and self._best.epochs_since(epoch) >= patience

    def _send(self, event: TrainingEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _evaluate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        return evaluate(self._state.model(), self._validation, num_threads=self._num_threads)

    def _validation_losses(self) -> list[float]:
        return validation_losses(self._history, self._settings.predictor_type)

    def _result(self) -> TrainingResult:
        return run_result(
            self._state,
            self._history,
            num_rows=self._rows.num_rows,
            interrupted=self._interrupted,
        )


def _check_validation(validation: RowBatch | None, hyperparameters: Hyperparameters) -> None:
    if validation is not None:
        check_weighs_anything(validation, "validation rows")
        return
    for name in ("early_stopping", "plateau_patience"):
        if getattr(hyperparameters, name):
            raise UserError(f"{name} needs validation rows")
