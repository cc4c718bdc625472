"""A checkpoint with right checksums and any content is taken over or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, TrainingDivergedError
from pairloom.hyperparameters import resolve
from pairloom.training import Checkpoints, TrainingResult, train
from pairloom.training.checkpoint_file import CheckpointFile, write_checkpoint

VALUES = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
ROWS = RowBatch(3, values=VALUES, labels=VALUES[:, 0].copy())
SETTINGS = resolve(
    {
        "feature_dim": 3,
        "num_factors": 2,
        "predictor_type": "regressor",
        "epochs": 3,
        "mini_batch_size": 10,
        "early_stopping": True,
    }
)
SHAPES: dict[str, tuple[int, ...]] = {
    "linear_weights": (3,),
    "factors": (3, 2),
    "trained": (3,),
    "state.0.linear": (3,),
    "state.0.factors": (3, 2),
    "state.1.linear": (3,),
    "state.1.factors": (3, 2),
    "best.linear_weights": (3,),
    "best.factors": (3, 2),
}
STRANGE: tuple[object, ...] = (None, "x", -1, 10**30, 0.5, float("nan"), [], {}, [None], {"a": 1})


def train_here(folder: Path) -> TrainingResult:
    return train(ROWS, SETTINGS, validation=ROWS, checkpoints=Checkpoints(folder))


@pytest.fixture
def checkpoint(tmp_path: Path) -> CheckpointFile:
    stop = iter([False, True])
    train(
        ROWS,
        SETTINGS,
        validation=ROWS,
        checkpoints=Checkpoints(tmp_path),
        stop_requested=lambda: next(stop),
    )
    (path,) = tmp_path.iterdir()
    return CheckpointFile(path)


def rewritten(checkpoint: CheckpointFile, content: Any, arrays: dict[str, Any]) -> None:
    named = {
        name: checkpoint.array(name, "?" if name == "trained" else "f4", shape)
        for name, shape in SHAPES.items()
    }
    write_checkpoint(checkpoint.path, content, {**named, **arrays}.items())


def train_or_refuse(folder: Path) -> None:
    try:
        result = train_here(folder)
    except (DataFormatError, TrainingDivergedError):
        return
    assert np.isfinite(result.model.factors).all()


def paths_in(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(content, dict):
        inner = [paths_in(value, (*path, name)) for name, value in content.items()]
    elif isinstance(content, list):
        inner = [paths_in(value, (*path, place)) for place, value in enumerate(content)]
    else:
        inner = []
    return [path, *(found for paths in inner for found in paths)]


def changed(content: Any, path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


def test_any_strange_value_is_taken_over_or_refused(
    checkpoint: CheckpointFile, tmp_path: Path
) -> None:
    kept = [path for path in paths_in(checkpoint.content) if path and "fingerprint" not in path[:1]]
    assert len(kept) > 25
    for path in kept:
        for value in STRANGE:
            rewritten(checkpoint, changed(checkpoint.content, path, value), {})
            train_or_refuse(tmp_path)
            for later in sorted(tmp_path.iterdir())[1:]:
                later.unlink()


@pytest.mark.parametrize("name", ["fingerprint", "epoch", "sums", "best", "counts", "bias"])
def test_a_missing_part_is_refused(name: str, checkpoint: CheckpointFile, tmp_path: Path) -> None:
    content = {key: value for key, value in checkpoint.content.items() if key != name}
    rewritten(checkpoint, content, {})
    with pytest.raises(DataFormatError, match=f"{checkpoint.path}: no .*{name}"):
        train_here(tmp_path)


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "trained"])
def test_an_array_of_another_shape_is_refused(
    name: str, checkpoint: CheckpointFile, tmp_path: Path
) -> None:
    rewritten(checkpoint, checkpoint.content, {name: np.zeros(7, dtype=np.float32)})
    with pytest.raises(DataFormatError, match=rf"the array {name} is <f4 of shape \(7,\)"):
        train_here(tmp_path)


def test_another_number_of_optimizer_states_is_refused(
    checkpoint: CheckpointFile, tmp_path: Path
) -> None:
    rewritten(checkpoint, {**checkpoint.content, "state_slots": 1}, {})
    with pytest.raises(DataFormatError, match="holds 1 optimizer states; adam has 2"):
        train_here(tmp_path)
