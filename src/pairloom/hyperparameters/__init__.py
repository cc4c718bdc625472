"""Every hyperparameter: one declared table, and settings resolved from it."""

from __future__ import annotations

from pairloom.hyperparameters.declaration import Hyperparameter, TuningRange
from pairloom.hyperparameters.resolve import resolve, without_effect
from pairloom.hyperparameters.settings import Hyperparameters
from pairloom.hyperparameters.table import BY_NAME, TABLE, UNIFORM_SCALE_WHEN_UNSET

__all__ = [
    "BY_NAME",
    "TABLE",
    "UNIFORM_SCALE_WHEN_UNSET",
    "Hyperparameter",
    "Hyperparameters",
    "TuningRange",
    "resolve",
    "without_effect",
]
