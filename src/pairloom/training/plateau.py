"""When the validation loss stays where it is, and the learning rates are cut for it."""

from __future__ import annotations

import math

from pairloom.hyperparameters import Hyperparameters


class Plateau:
    """Counts epochs without a lower validation loss than before."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self._patience = hyperparameters.plateau_patience
        self._lowest = math.inf
        self._waited = 0

    def is_reached(self, loss: float) -> bool:
        """Take in an epoch's loss; true after `plateau_patience` epochs, then the count is new."""
        if loss < self._lowest:
            self._lowest = loss
            self._waited = 0
            return False
        self._waited += 1
        if self._patience == 0 or self._waited < self._patience:
            return False
        self._waited = 0
        return True
