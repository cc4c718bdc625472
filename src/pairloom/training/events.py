"""What a training run tells while it goes on. Epochs and mini-batches count from 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class BatchEvent:
    """Metrics of one mini-batch before its update, at every `batch_metrics_publish_interval`."""

    epoch: int
    batch: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far the current epoch is; sent about every 20 ms of work.

    `rows_total` is 0 where nobody knows it yet: in a stream's first epoch.
    """

    epoch: int
    epochs: int
    rows_done: int
    rows_total: int
    seconds: float
    metrics: dict[str, float]
    batches_done: int = 0


@dataclass(frozen=True, slots=True)
class EpochEvent:
    """One finished epoch.

    `train` metrics were collected during the epoch, each row scored before its own update;
    `validation` metrics were taken at its end and are empty without validation rows.
    `learning_rate_factor` multiplied the learning rates: below 1 after a plateau.
    """

    epoch: int
    train: dict[str, float]
    validation: dict[str, float] = field(default_factory=dict)
    rows: int = 0
    seconds: float = 0.0
    learning_rate_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class ResumedEvent:
    """Training goes on from a checkpoint, told once before anything else.

    `rows_total` is 0 where nobody knows it yet: of a stream.
    """

    checkpoint: str
    epoch: int
    rows_done: int
    rows_total: int


TrainingEvent: TypeAlias = BatchEvent | ProgressEvent | EpochEvent | ResumedEvent
