"""How far an epoch is, which a checkpoint carries over."""

from __future__ import annotations

from dataclasses import dataclass, field

from pairloom._core import MetricSums

_SUMS = (
    "weight",
    "log_loss",
    "correct",
    "true_positive",
    "predicted_positive",
    "actual_positive",
    "squared_error",
    "absolute_error",
)


@dataclass(slots=True)
class EpochProgress:
    """Where the next mini-batch of a run begins, and the metrics of those of its epoch before it.

    Attributes
    ----------
    epoch
        Counted from 0.
    seconds
        Spent on the epoch by processes that ended before.
    """

    epoch: int = 0
    rows_done: int = 0
    batches_done: int = 0
    totals: MetricSums = field(default_factory=MetricSums)
    seconds: float = 0.0


def sums_to_dict(sums: MetricSums) -> dict[str, float]:
    """Return the sums by name."""
    return {name: getattr(sums, name) for name in _SUMS}


def sums_from_dict(values: dict[str, float]) -> MetricSums:
    """Return sums of these values, of which none may be missing."""
    sums = MetricSums()
    for name in _SUMS:
        setattr(sums, name, values[name])
    return sums
