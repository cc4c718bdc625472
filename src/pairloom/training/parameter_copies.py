"""Parameters of a model put into a trainer's table, of one kind or the other."""

from __future__ import annotations

import numpy as np

from pairloom._core import TableInit, Trainer
from pairloom.errors import PlatformError
from pairloom.model import Model
from pairloom.runtime import allowed_threads


def copy_parameters(model: Model, trainer: Trainer, drawn: TableInit) -> None:
    """Give the trainer the model's parameters and which features are trained.

    Features that the model's file left out, because they were untrained and counted as zero, start
    as `drawn` says; those that a growing table never held, as it says.
    """
    table = model.table
    seen = table.features()
    if trainer.features() is None:
        _fill_fixed(model, trainer, drawn)
        return
    trainer.init = drawn if seen is None else table.init
    if seen is None:
        seen = np.arange(model.feature_dim, dtype=np.uint32)
        if model.leaves_untrained_out:
            seen = seen[table.trained()]
    if not trainer.add_features(seen):
        raise PlatformError(f"no memory for the {len(seen):,} features of the model to start from")
    linear_weights, factors = model.stored_parameters_of(seen)
    trainer.set_parameters(model.bias, linear_weights, factors)
    trained = table.trained()
    trainer.set_trained(trained if len(trained) == len(seen) else trained[seen])


def _fill_fixed(model: Model, trainer: Trainer, drawn: TableInit) -> None:
    table = model.table
    seen = table.features()
    if seen is None and not model.leaves_untrained_out:
        trainer.set_parameters(model.bias, table.linear_weights(), table.factors())
        trainer.set_trained(table.trained())
        return
    trainer.initialize(drawn if seen is None else table.init, allowed_threads())
    linear_weights, factors = trainer.linear_weights(), trainer.factors()
    trained = np.zeros(model.feature_dim, bool)
    ids = np.flatnonzero(table.trained()) if seen is None else seen
    linear_weights[ids], factors[ids] = model.stored_parameters_of(ids)
    trained[ids] = table.trained()[ids] if seen is None else table.trained()
    trainer.set_parameters(model.bias, linear_weights, factors)
    trainer.set_trained(trained)
