"""What an estimator tells of its epochs."""

from __future__ import annotations

import sys

from pairloom.training import EpochEvent, TrainingEvent


def epoch_line(event: EpochEvent, number: int) -> dict[str, float]:
    """Return one epoch as a flat dict; metrics are named as SageMaker's logs name them."""
    return {
        "epoch": number,
        **{f"train:{name}": value for name, value in event.train.items()},
        **{f"validation:{name}": value for name, value in event.validation.items()},
        "seconds": event.seconds,
    }


def write_epoch(event: TrainingEvent) -> None:
    """Write a line to standard output when an epoch ends."""
    if isinstance(event, EpochEvent):
        values = epoch_line(event, event.epoch + 1)
        metrics = (f"{name} {value:.6g}" for name, value in values.items() if ":" in name)
        sys.stdout.write(f"epoch {event.epoch + 1}: {', '.join(metrics)}\n")
