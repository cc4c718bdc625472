"""Runs that go on from a model saved with its optimizer's state, or from a copy of the state."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.hyperparameters import Hyperparameters
from pairloom.model.native import find_faults
from pairloom.training import train
from pairloom.training.warm_start import warm_start, with_optimizer_state


def check_saved_models_go_on(
    rows: RowBatch, settings_of_epochs: Callable[[int], Hyperparameters], folder: Path
) -> None:
    """See that two epochs and two more give the bytes of four, whatever lies between."""
    two = settings_of_epochs(2)
    whole, half = train(rows, settings_of_epochs(4)), train(rows, two)
    path = folder / "half.pairloom"
    with_optimizer_state(half.model, half.state).save(path)
    assert find_faults(path) == []
    states = (
        warm_start(Model.load(path), two),
        pickle.loads(pickle.dumps(half.state)),
        half.state.copy(),
    )
    for state in states:
        resumed = train(rows, two, state=state)
        assert resumed.model.factors.tobytes() == whole.model.factors.tobytes()
        assert resumed.model.linear_weights.tobytes() == whole.model.linear_weights.tobytes()
