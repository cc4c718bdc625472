"""What a checkpoint holds of a run, and how a run takes it over again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError
from pairloom.training.checkpoint_file import CheckpointFile
from pairloom.training.epoch_progress import EpochProgress, sums_from_dict, sums_to_dict
from pairloom.training.events import EpochEvent
from pairloom.training.state import TrainingState
from pairloom.training.stopping import BestEpoch

_LARGEST_COUNT = 2**62

NamedArrays = Iterator[tuple[str, npt.NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class RunPosition:
    """How far a run is, and the epochs before.

    Attributes
    ----------
    epoch_rows
        Which rows the epoch under way has, where each epoch has its own.
    """

    progress: EpochProgress
    history: Sequence[EpochEvent]
    epoch_rows: str | None = None


def content_of(
    position: RunPosition, state: TrainingState, best: BestEpoch | None
) -> dict[str, Any]:
    """Return everything but arrays, in types that JSON can carry."""
    progress, trainer = position.progress, state.trainer
    return {
        "epoch": progress.epoch,
        "rows_done": progress.rows_done,
        "batches_done": progress.batches_done,
        "seconds": progress.seconds,
        "epoch_rows": position.epoch_rows,
        "sums": sums_to_dict(progress.totals),
        "history": [asdict(event) for event in position.history],
        "counts": {"epochs_done": state.epochs_done, "rows_trained": state.rows_trained},
        "learning_rate_factor": state.learning_rate_factor,
        "step_count": trainer.step_count,
        "bias": trainer.bias,
        "bias_state": list(trainer.bias_state),
        "state_slots": trainer.state_slots,
        "best": None if best is None or best.epoch < 0 else best.to_dict(),
    }


def arrays_of(state: TrainingState, best: BestEpoch | None) -> NamedArrays:
    """Yield the arrays, one copy at a time."""
    trainer = state.trainer
    yield "linear_weights", trainer.linear_weights()
    yield "factors", trainer.factors()
    yield "trained", trainer.trained()
    for slot in range(trainer.state_slots):
        yield f"state.{slot}.linear", trainer.linear_state(slot)
        yield f"state.{slot}.factors", trainer.factor_state(slot)
    if best is not None and best.epoch >= 0:
        yield "best.linear_weights", best.table.linear_weights()
        yield "best.factors", best.table.factors()


def take_over(
    checkpoint: CheckpointFile,
    state: TrainingState,
    best: BestEpoch | None,
    *,
    num_rows: int | None,
) -> RunPosition:
    """Put state and best epoch where the checkpoint's run had them, and return where it was.

    `num_rows` bounds the position inside an epoch where it is known before the rows are there.

    Raises
    ------
    DataFormatError
        The checkpoint lacks a part, or has one of another shape.
    """
    content = checkpoint.content
    try:
        most_rows = _LARGEST_COUNT if num_rows is None else num_rows
        position = _position(content, state.hyperparameters.epochs, most_rows)
        _restore_state(checkpoint, content, state)
        if best is not None and content["best"] is not None:
            _restore_best(checkpoint, content["best"], best)
    except DataFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataFormatError(f"{checkpoint.path}: no content of a run: {error!r}") from error
    return position


def _position(content: Mapping[str, Any], epochs: int, most_rows: int) -> RunPosition:
    progress = EpochProgress(
        epoch=_between(content, "epoch", 0, epochs),
        rows_done=_between(content, "rows_done", 0, most_rows),
        batches_done=_between(content, "batches_done", 0, most_rows),
        totals=sums_from_dict(content["sums"]),
        seconds=float(content["seconds"]),
    )
    history = [_epoch_event(event) for event in content["history"]]
    epoch_rows = content["epoch_rows"]
    return RunPosition(progress, history, None if epoch_rows is None else str(epoch_rows))


def _between(content: Mapping[str, Any], name: str, lowest: int, highest: int) -> int:
    value = content[name]
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(f"{name} is {value!r}; must be from {lowest} to {highest}")
    return value


def _factor(content: Mapping[str, Any]) -> float:
    factor = float(content["learning_rate_factor"])
    if not 0 < factor <= 1:
        raise ValueError(f"learning_rate_factor is {factor!r}; must be above 0 and at most 1")
    return factor


def _epoch_event(event: Mapping[str, Any]) -> EpochEvent:
    return EpochEvent(
        epoch=int(event["epoch"]),
        train={str(name): float(value) for name, value in event["train"].items()},
        validation={str(name): float(value) for name, value in event["validation"].items()},
        rows=int(event["rows"]),
        seconds=float(event["seconds"]),
        learning_rate_factor=float(event["learning_rate_factor"]),
    )


def _restore_state(
    checkpoint: CheckpointFile, content: Mapping[str, Any], state: TrainingState
) -> None:
    trainer = state.trainer
    if content["state_slots"] != trainer.state_slots:
        raise DataFormatError(
            f"{checkpoint.path}: holds {content['state_slots']} optimizer states; "
            f"{state.hyperparameters.optimizer} has {trainer.state_slots}"
        )
    # First, since it changes FTRL's state.
    state.learning_rate_factor = _factor(content)
    linear, factors = _parameter_arrays(checkpoint, "linear_weights", "factors", trainer)
    trainer.set_parameters(content["bias"], linear, factors)
    trainer.set_trained(checkpoint.array("trained", np.bool_, (trainer.feature_dim,)))
    trainer.bias_state = content["bias_state"]
    trainer.step_count = _between(content, "step_count", 0, _LARGEST_COUNT)
    for slot in range(trainer.state_slots):
        names = f"state.{slot}.linear", f"state.{slot}.factors"
        trainer.set_state(slot, *_parameter_arrays(checkpoint, *names, trainer))
    state.epochs_done = _between(content["counts"], "epochs_done", 0, _LARGEST_COUNT)
    state.rows_trained = _between(content["counts"], "rows_trained", 0, _LARGEST_COUNT)


def _restore_best(checkpoint: CheckpointFile, saved: Mapping[str, Any], best: BestEpoch) -> None:
    names = "best.linear_weights", "best.factors"
    linear, factors = _parameter_arrays(checkpoint, *names, best.table)
    best.table.set_parameters(saved["bias"], linear, factors)
    best.epoch, best.loss = int(saved["epoch"]), float(saved["loss"])


def _parameter_arrays(
    checkpoint: CheckpointFile, linear: str, factors: str, table: Any
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    shape = (table.feature_dim, table.num_factors)
    return (
        checkpoint.array(linear, np.float32, shape[:1]),
        checkpoint.array(factors, np.float32, shape),
    )
