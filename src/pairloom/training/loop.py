"""The training run: epochs, validation, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from pairloom.batch import RowBatch
from pairloom.errors import DataError, TrainingDivergedError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.runtime import allowed_threads
from pairloom.training.epoch import Epoch, TrainingRows
from pairloom.training.evaluation import evaluate
from pairloom.training.events import EpochEvent, TrainingEvent
from pairloom.training.labels import check_labels, check_weighs_anything
from pairloom.training.metrics import loss_name
from pairloom.training.state import TrainingResult, TrainingState
from pairloom.training.stopping import EarlyStopping


def train(
    rows: RowBatch,
    hyperparameters: Hyperparameters,
    *,
    validation: RowBatch | None = None,
    state: TrainingState | None = None,
    num_threads: int = 0,
    on_event: Callable[[TrainingEvent], None] | None = None,
) -> TrainingResult:
    """Train a factorization machine on rows in memory.

    The result depends on rows, hyperparameters and state alone, to the byte; not on
    `num_threads`, the processor's instruction path or whether events are asked for.

    Parameters
    ----------
    rows
        With labels: 0 and 1 for a binary classifier, any for a regressor. Rows of weight 0
        count as absent.
    validation
        Rows to evaluate after each epoch; early stopping needs them.
    state
        Where to go on from, changed in place; it holds the same hyperparameters. By default a
        new model from the seed.
    num_threads
        0 takes as many as the process may run.
    on_event
        Called between blocks of work with BatchEvent, ProgressEvent and EpochEvent.

    Raises
    ------
    DataError
        Rows that do not fit the hyperparameters, or none of positive weight.
    TrainingDivergedError
        A NaN or an infinity came up. `state` and the error's `last_good` hold the parameters
        before that mini-batch.
    KeyboardInterrupt
        On Ctrl-C, within a block; `state` is then after a whole number of mini-batches.
    """
    if hyperparameters.early_stopping and validation is None:
        raise UserError("early_stopping needs validation rows")
    if validation is not None:
        check_weighs_anything(validation, "validation rows")
    training_rows = _take_rows(rows, hyperparameters)
    threads = num_threads or allowed_threads()
    if state is None:
        state = TrainingState.initial(hyperparameters, num_threads=threads)
    elif state.hyperparameters != hyperparameters:
        raise UserError(
            "the state holds other hyperparameters than those given; "
            "pass state.with_hyperparameters(hyperparameters)"
        )
    run = _Run(state, training_rows, validation, threads, on_event)
    return run.all_epochs()


class _Run:
    """The epochs of one call of `train`."""

    def __init__(
        self,
        state: TrainingState,
        rows: TrainingRows,
        validation: RowBatch | None,
        num_threads: int,
        on_event: Callable[[TrainingEvent], None] | None,
    ) -> None:
        self._state = state
        self._settings = state.hyperparameters
        self._rows = rows
        self._kept_batches = rows.kept_batches(self._settings)
        self._validation = validation
        self._num_threads = num_threads
        self._on_event = on_event
        self._history: list[EpochEvent] = []
        self._stopping = (
            EarlyStopping(state.trainer, self._settings.early_stopping_patience)
            if self._settings.early_stopping
            else None
        )

    def all_epochs(self) -> TrainingResult:
        for epoch in range(self._settings.epochs):
            self._one_epoch(epoch)
            loss = self._validation_losses()[-1]
            if self._stopping is not None and self._stopping.should_stop(epoch, loss):
                break
        if self._stopping is not None:
            self._stopping.restore_best()
        return self._result()

    def _one_epoch(self, index: int) -> None:
        epoch = Epoch(
            self._state,
            self._rows,
            epoch=index,
            num_threads=self._num_threads,
            kept_batches=self._kept_batches,
            on_event=self._on_event,
        )
        try:
            epoch.run()
        except TrainingDivergedError as error:
            error.last_good = self._result()
            raise
        self._state.epochs_done += 1
        seconds = epoch.seconds
        event = EpochEvent(
            epoch=index,
            train=epoch.metrics,
            validation=self._evaluate(),
            rows=self._rows.num_rows,
            seconds=seconds,
        )
        self._history.append(event)
        if self._on_event is not None:
            self._on_event(event)

    def _evaluate(self) -> dict[str, float]:
        if self._validation is None:
            return {}
        return evaluate(self._state.model(), self._validation, num_threads=self._num_threads)

    def _validation_losses(self) -> list[float]:
        name = loss_name(self._settings.predictor_type)
        return [event.validation.get(name, np.nan) for event in self._history]

    def _result(self) -> TrainingResult:
        losses = self._validation_losses()
        best = len(losses) - 1
        if self._validation is not None and losses:
            best = int(np.argmin(losses))
        model = self._state.model()
        model.metadata["training"] = self._summary(best)
        return TrainingResult(model, tuple(self._history), best, self._state)

    def _summary(self, best: int) -> dict[str, object]:
        """Return what a model file says of its training: nothing of the machine or the time."""
        summary: dict[str, object] = {
            "rows": self._rows.num_rows,
            "epochs_run": len(self._history),
            "best_epoch": best,
        }
        if self._history:
            event = self._history[best]
            summary["train"] = _finite_alone(event.train)
            summary["validation"] = _finite_alone(event.validation)
        return summary


def _finite_alone(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _take_rows(rows: RowBatch, hyperparameters: Hyperparameters) -> TrainingRows:
    if rows.labels is None:
        raise DataError("rows to train on need labels")
    if rows.feature_dim != hyperparameters.feature_dim:
        raise DataError(
            f"rows are {rows.feature_dim} features wide; "
            f"feature_dim is {hyperparameters.feature_dim}"
        )
    check_labels(rows.labels, hyperparameters.predictor_type)
    checked = rows.checked()
    kept = None
    if rows.weights is not None and not np.all(rows.weights > 0):
        kept = np.flatnonzero(rows.weights > 0).astype(np.uint32)
    training_rows = TrainingRows(rows, checked, kept)
    if training_rows.num_rows == 0:
        raise DataError(
            f"training needs at least one row of positive weight; {rows.num_rows} rows were given"
        )
    return training_rows
