"""The best epoch by validation loss, and when to give up waiting for a better."""

from __future__ import annotations

import math

from pairloom._core import ScoringTable, Trainer
from pairloom.runtime import simd_path


class BestEpoch:
    """Watches the validation loss and keeps the parameters of its best epoch."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self.table = ScoringTable(trainer.feature_dim, trainer.num_factors, simd_path())
        self.loss = math.inf
        self.epoch = -1

    def take_in(self, epoch: int, loss: float) -> None:
        """Keep the parameters if their epoch's validation loss is below all before."""
        if loss < self.loss:
            self.loss = loss
            self.epoch = epoch
            self._trainer.save_parameters(self.table)

    def epochs_since(self, epoch: int) -> int:
        """Return how many epochs brought nothing better, up to this one."""
        return epoch - self.epoch

    def restore(self) -> None:
        """Go back to the best epoch's parameters, if there was one."""
        if self.epoch >= 0:
            self._trainer.restore_parameters(self.table)

    def to_dict(self) -> dict[str, float]:
        """Return what stands beside the parameters' arrays."""
        return {"epoch": self.epoch, "loss": self.loss, "bias": self.table.bias}
