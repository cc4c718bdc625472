"""A trained model: its parameters in memory and on disk."""

from __future__ import annotations

from pairloom.model.model import Model
from pairloom.model.native import OptimizerState

__all__ = ["Model", "OptimizerState"]
