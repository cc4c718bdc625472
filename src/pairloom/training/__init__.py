"""From rows to a trained model."""

from __future__ import annotations

from pairloom.training.evaluation import evaluate
from pairloom.training.events import BatchEvent, EpochEvent, ProgressEvent, TrainingEvent
from pairloom.training.loop import train
from pairloom.training.state import TrainingResult, TrainingState

__all__ = [
    "BatchEvent",
    "EpochEvent",
    "ProgressEvent",
    "TrainingEvent",
    "TrainingResult",
    "TrainingState",
    "evaluate",
    "train",
]
