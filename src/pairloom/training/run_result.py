"""What a run hands back, with what its model says of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pairloom.training.events import EpochEvent
from pairloom.training.metrics import PredictorType, loss_name
from pairloom.training.state import TrainingResult, TrainingState


def run_result(
    state: TrainingState,
    history: Sequence[EpochEvent],
    *,
    num_rows: int,
    interrupted: bool,
) -> TrainingResult:
    """Return the result of a run with these epochs; the best is that of the lowest loss."""
    losses = validation_losses(history, state.hyperparameters.predictor_type)
    best = len(losses) - 1
    if history and history[0].validation:
        best = int(np.argmin(losses))
    model = state.model()
    model.metadata["training"] = _summary(history, best, num_rows)
    return TrainingResult(model, tuple(history), best, state, interrupted)


def validation_losses(history: Sequence[EpochEvent], predictor_type: PredictorType) -> list[float]:
    """Return each epoch's loss on the validation rows, NaN without any."""
    name = loss_name(predictor_type)
    return [event.validation.get(name, np.nan) for event in history]


def _summary(history: Sequence[EpochEvent], best: int, num_rows: int) -> dict[str, object]:
    """Return what a model file says of its training: nothing of the machine or the time."""
    summary: dict[str, object] = {
        "rows": num_rows,
        "epochs_run": len(history),
        "best_epoch": best,
    }
    if history:
        summary["train"] = _finite_alone(history[best].train)
        summary["validation"] = _finite_alone(history[best].validation)
    return summary


def _finite_alone(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}
