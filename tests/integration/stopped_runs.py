"""Runs that are stopped after some blocks, and go on from their checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from integration.streams import StopAfter
from pairloom.batch import RowBatch
from pairloom.hyperparameters import Hyperparameters
from pairloom.training import Checkpoints, TrainingResult, TrainingState, train


def train_in_pieces(
    folder: Path,
    rows: RowBatch,
    settings: Hyperparameters,
    pieces: list[int],
    start: Callable[[], TrainingState | None] = lambda: None,
    **given: Any,
) -> TrainingResult:
    """Stop after each of so many blocks, go on in a run of its own with other threads."""
    for threads, blocks in enumerate(pieces):
        stopped = train(
            rows,
            settings,
            state=start(),
            num_threads=1 + threads % 3,
            checkpoints=Checkpoints(folder),
            stop_requested=StopAfter(blocks),
            **given,
        )
        assert stopped.interrupted
    return train(rows, settings, state=start(), checkpoints=Checkpoints(folder), **given)
