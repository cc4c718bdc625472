"""What a checkpoint holds of a run, and how a run takes it over again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom._core import FactorType, ScoringTable, Trainer
from pairloom.data.segments import Place
from pairloom.errors import DataFormatError
from pairloom.model.initial_parameters import init_from_json, init_to_json
from pairloom.training.checkpoint_file import CheckpointFile
from pairloom.training.epoch_progress import EpochProgress, sums_from_dict, sums_to_dict
from pairloom.training.events import EpochEvent
from pairloom.training.pieces import Mark
from pairloom.training.state import TrainingState
from pairloom.training.stopping import BestEpoch

_LARGEST_COUNT = 2**62
_WAITING = ("waiting.features", "waiting.counts")

NamedArrays = Iterator[tuple[str, npt.NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class RunPosition:
    """How far a run is, and the epochs before.

    Attributes
    ----------
    epoch_rows
        Which rows the epoch under way has, where each epoch has its own.
    mark
        Where the rows can be read that follow, where they come in segments.
    """

    progress: EpochProgress
    history: Sequence[EpochEvent]
    epoch_rows: str | None = None
    mark: Mark | None = None


def content_of(
    position: RunPosition, state: TrainingState, best: BestEpoch | None
) -> dict[str, Any]:
    """Return everything but arrays, in types that JSON can carry."""
    trainer = state.trainer
    return {
        **position_to_dict(position),
        "counts": {"epochs_done": state.epochs_done, "rows_trained": state.rows_trained},
        "learning_rate_factor": state.learning_rate_factor,
        "step_count": trainer.step_count,
        "bias": trainer.bias,
        "bias_state": list(trainer.bias_state),
        "state_slots": trainer.state_slots,
        "growth": _growth_of(trainer),
        "best": None if best is None or best.epoch < 0 else best.to_dict(),
    }


def position_to_dict(position: RunPosition) -> dict[str, Any]:
    """Return a position in types that JSON can carry."""
    progress = position.progress
    return {
        "epoch": progress.epoch,
        "rows_done": progress.rows_done,
        "batches_done": progress.batches_done,
        "seconds": progress.seconds,
        "epoch_rows": position.epoch_rows,
        "mark": None if position.mark is None else asdict(position.mark),
        "sums": sums_to_dict(progress.totals),
        "history": [asdict(event) for event in position.history],
    }


def arrays_of(state: TrainingState, best: BestEpoch | None) -> NamedArrays:
    """Yield the arrays, one copy at a time."""
    trainer = state.trainer
    features = trainer.features()
    if features is not None:
        yield "features", features
        if trainer.num_waiting:
            yield from zip(_WAITING, trainer.waiting(), strict=True)
    yield "linear_weights", trainer.linear_weights()
    yield "factors", _held_factors(trainer)
    yield "trained", trainer.trained()
    for slot in range(trainer.state_slots):
        yield f"state.{slot}.linear", trainer.linear_state(slot)
        yield f"state.{slot}.factors", trainer.factor_state(slot)
    if best is not None and best.epoch >= 0:
        yield "best.linear_weights", best.table.linear_weights()
        yield "best.factors", _held_factors(best.table)


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
        position = position_from_dict(content, state.hyperparameters.epochs, most_rows)
        _restore_state(checkpoint, content, state)
        if best is not None and content["best"] is not None:
            saved = content["best"]
            best.make_room(_between(saved, "num_entries", 0, state.trainer.num_entries))
            _restore_best(checkpoint, saved, best)
    except DataFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataFormatError(f"{checkpoint.path}: no content of a run: {error!r}") from error
    return position


def position_from_dict(
    content: Mapping[str, Any], epochs: int, most_rows: int = _LARGEST_COUNT
) -> RunPosition:
    """Return the position; what is missing or out of bounds raises KeyError or ValueError."""
    progress = EpochProgress(
        epoch=_between(content, "epoch", 0, epochs),
        rows_done=_between(content, "rows_done", 0, most_rows),
        batches_done=_between(content, "batches_done", 0, most_rows),
        totals=sums_from_dict(content["sums"]),
        seconds=float(content["seconds"]),
    )
    history = [_epoch_event(event) for event in content["history"]]
    epoch_rows = content["epoch_rows"]
    mark = content.get("mark")
    return RunPosition(
        progress,
        history,
        None if epoch_rows is None else str(epoch_rows),
        None if mark is None else _mark(mark, progress.rows_done),
    )


def _mark(content: Mapping[str, Any], rows_done: int) -> Mark:
    place = content["place"]
    lowest = {"part": 0, "offset": 0, "record": -1}
    numbers = (_between(place, name, least, _LARGEST_COUNT) for name, least in lowest.items())
    return Mark(Place(*numbers), _between(content, "rows_before", 0, rows_done))


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
    _restore_features(checkpoint, content.get("growth"), state)
    linear, factors = _parameter_arrays(checkpoint, "linear_weights", "factors", trainer)
    trainer.set_parameters(content["bias"], linear, factors)
    trainer.set_trained(checkpoint.array("trained", np.bool_, (trainer.num_entries,)))
    trainer.bias_state = content["bias_state"]
    trainer.step_count = _between(content, "step_count", 0, _LARGEST_COUNT)
    for slot in range(trainer.state_slots):
        shape = (trainer.num_entries, trainer.factor_state_width(slot))
        trainer.set_state(
            slot,
            checkpoint.array(f"state.{slot}.linear", np.float32, shape[:1]),
            checkpoint.array(f"state.{slot}.factors", np.float32, shape),
        )
    state.epochs_done = _between(content["counts"], "epochs_done", 0, _LARGEST_COUNT)
    state.rows_trained = _between(content["counts"], "rows_trained", 0, _LARGEST_COUNT)


def _growth_of(trainer: Trainer) -> dict[str, Any] | None:
    """Return what a checkpoint says of a growing table beside its arrays."""
    if trainer.features() is None:
        return None
    return {
        "num_entries": trainer.num_entries,
        "num_waiting": trainer.num_waiting,
        "init": init_to_json(trainer.init),
    }


def _restore_features(
    checkpoint: CheckpointFile, growth: Mapping[str, Any] | None, state: TrainingState
) -> None:
    if (growth is None) != (state.trainer.features() is None):
        held, now = ("a fixed", "a growing") if growth is None else ("a growing", "a fixed")
        raise DataFormatError(f"{checkpoint.path}: is of {held} feature table; this run has {now}")
    if growth is None:
        return
    shape = (_between(growth, "num_entries", 0, state.trainer.feature_dim),)
    features = checkpoint.array("features", np.uint32, shape)
    state.add_features(features, init_from_json(growth["init"]))
    restored = state.trainer.features()
    if restored is None or not np.array_equal(restored, features):
        raise DataFormatError(f"{checkpoint.path}: its features are not those of a table")
    num_waiting = _between({"num_waiting": 0, **growth}, "num_waiting", 0, _LARGEST_COUNT)
    if num_waiting:
        waiting, counts = zip(_WAITING, (np.uint32, np.uint8), strict=True)
        state.trainer.add_waiting(
            checkpoint.array(*waiting, (num_waiting,)), checkpoint.array(*counts, (num_waiting,))
        )


def _restore_best(checkpoint: CheckpointFile, saved: Mapping[str, Any], best: BestEpoch) -> None:
    names = "best.linear_weights", "best.factors"
    linear, factors = _parameter_arrays(checkpoint, *names, best.table)
    best.table.set_parameters(saved["bias"], linear, factors)
    best.epoch, best.loss = int(saved["epoch"]), float(saved["loss"])


def _parameter_arrays(
    checkpoint: CheckpointFile, linear: str, factors: str, table: Trainer | ScoringTable
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    shape = (table.num_entries, table.num_factors)
    linear_weights = checkpoint.array(linear, np.float32, shape[:1])
    if table.factor_type == FactorType.float32:
        return linear_weights, checkpoint.array(factors, np.float32, shape)
    halves = checkpoint.array(factors, np.uint16, shape)
    return linear_weights, (halves.astype(np.uint32) << 16).view(np.float32)


def _held_factors(table: Trainer | ScoringTable) -> npt.NDArray[Any]:
    """Return the factors; those of bfloat16 as the upper halves of floats, which they are."""
    factors = table.factors()
    if table.factor_type == FactorType.float32:
        return factors
    return (factors.view(np.uint32) >> 16).astype(np.uint16)
