"""A trained model: its parameters in memory and on disk, and what they say."""

from __future__ import annotations

from pairloom.model.explanation import Explanation, Term
from pairloom.model.interactions import Interaction
from pairloom.model.model import Model
from pairloom.model.native import OptimizerState
from pairloom.model.ranking import RankedCandidates

__all__ = ["Explanation", "Interaction", "Model", "OptimizerState", "RankedCandidates", "Term"]
