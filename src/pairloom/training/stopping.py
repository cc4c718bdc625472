"""Early stopping: the best epoch by validation loss, and when to give up waiting for a better."""

from __future__ import annotations

import math

from pairloom._core import ScoringTable, Trainer
from pairloom.runtime import simd_path


class EarlyStopping:
    """Watches the validation loss and keeps the parameters of its best epoch."""

    def __init__(self, trainer: Trainer, patience: int) -> None:
        self._trainer = trainer
        self._patience = patience
        self._best = ScoringTable(trainer.feature_dim, trainer.num_factors, simd_path())
        self._best_loss = math.inf
        self.best_epoch = -1

    def should_stop(self, epoch: int, loss: float) -> bool:
        """Take in an epoch's validation loss; true after `patience` epochs without a better."""
        if loss < self._best_loss:
            self._best_loss = loss
            self.best_epoch = epoch
            self._trainer.save_parameters(self._best)
        return epoch - self.best_epoch >= self._patience

    def restore_best(self) -> None:
        if self.best_epoch >= 0:
            self._trainer.restore_parameters(self._best)
