"""From rows to a trained model."""

from __future__ import annotations

from pairloom.training.checkpoints import Checkpoints
from pairloom.training.evaluation import evaluate
from pairloom.training.events import (
    BatchEvent,
    EpochEvent,
    ProgressEvent,
    ResumedEvent,
    TrainingEvent,
)
from pairloom.training.loop import train
from pairloom.training.state import TrainingResult, TrainingState
from pairloom.training.warm_start import warm_start, with_optimizer_state

__all__ = [
    "BatchEvent",
    "Checkpoints",
    "EpochEvent",
    "ProgressEvent",
    "ResumedEvent",
    "TrainingEvent",
    "TrainingResult",
    "TrainingState",
    "evaluate",
    "train",
    "warm_start",
    "with_optimizer_state",
]
