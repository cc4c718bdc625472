"""How a training job's objective went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pairloom.platform.store import MetricPoint, Store
from pairloom.platform.tuning.objective import Objective

Curve: TypeAlias = Mapping[int, float]
"""Costs by the number of epochs that were trained."""

_PROGRESS = "train:progress"


def read_curve(store: Store, name: str, epochs: int, objective: Objective) -> Curve:
    """Return the curve of a training job of so many epochs, as far as it has come.

    The log says after every epoch which part of them is done, and its metrics beside. A job that
    has gone back to a checkpoint says some epochs again, which then count once.
    """
    dimensions = {"TrainingJobName": name}
    values = store.metrics(dimensions, objective.metric)
    progress = store.metrics(dimensions, _PROGRESS)
    return curve_of(values, progress, epochs, objective)


def curve_of(
    values: list[MetricPoint], progress: list[MetricPoint], epochs: int, objective: Objective
) -> Curve:
    """Return the curve that points of the objective and of the progress make."""
    # Validation metrics are said before the progress of their epoch, test metrics behind it.
    early = objective.channel == "validation"
    curve: dict[int, float] = {}
    done, following = 0, 0
    for point in values:
        while following < len(progress) and progress[following].timestamp <= point.timestamp:
            done = round(progress[following].value * epochs / 100)
            following += 1
        epoch = done + 1 if early else done
        curve[min(max(epoch, 1), epochs)] = objective.cost(point.value)
    return curve
