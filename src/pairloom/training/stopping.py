"""The best epoch by validation loss, and when to give up waiting for a better."""

from __future__ import annotations

import math

from pairloom._core import ScoringTable, Trainer
from pairloom.runtime import simd_path


class BestEpoch:
    """Watches the validation loss and keeps the parameters of its best epoch."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self.table = self._room()
        self.loss = math.inf
        self.epoch = -1

    def take_in(self, epoch: int, loss: float) -> None:
        """Keep the parameters if their epoch's validation loss is below all before."""
        if loss < self.loss:
            self.loss = loss
            self.epoch = epoch
            if self.table.num_entries != self._trainer.num_entries:
                self.table = self._room()
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
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            "bias": self.table.bias,
            "num_entries": self.table.num_entries,
        }

    def make_room(self, num_entries: int) -> None:
        """Take a table of so many entries, those that the trainer had in the best epoch."""
        self.table = self._room(num_entries)

    def _room(self, num_entries: int | None = None) -> ScoringTable:
        entries = self._trainer.num_entries if num_entries is None else num_entries
        trainer = self._trainer
        return ScoringTable(entries, trainer.num_factors, simd_path(), trainer.factor_type)
