"""What training changes, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom._core import TableInit, Trainer
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model
from pairloom.model.initial_parameters import init_from_json, init_to_json
from pairloom.runtime import allowed_threads, simd_path
from pairloom.training.events import EpochEvent
from pairloom.training.feature_table import (
    grows,
    growth_of,
    no_room_for_features,
    no_room_for_table,
)
from pairloom.training.optimizer_settings import optimizer_settings, table_init
from pairloom.training.parameter_copies import copy_parameters

_OTHER_TABLE = (
    "optimizer state of a fixed table goes on in a fixed one alone, and of a growing one in a "
    "growing one: give the feature_table that it was made with"
)


class TrainingState:
    """Parameters, optimizer state and step count of one model in training.

    It can be copied and pickled; training goes on from either as if nothing had happened.
    """

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self.hyperparameters = hyperparameters
        self.epochs_done = 0
        self.rows_trained = 0
        self.trainer = _new_trainer(hyperparameters)
        self._learning_rate_factor = 1.0

    @property
    def learning_rate_factor(self) -> float:
        """What the learning rates are multiplied by: below 1 after a plateau."""
        return self._learning_rate_factor

    @learning_rate_factor.setter
    def learning_rate_factor(self, factor: float) -> None:
        if factor == self._learning_rate_factor:
            return
        settings = optimizer_settings(self.hyperparameters, factor)
        self.trainer.set_learning_rates(settings)
        self._learning_rate_factor = factor

    @classmethod
    def initial(cls, hyperparameters: Hyperparameters, *, num_threads: int = 0) -> TrainingState:
        """Return the state before the first step: parameters drawn from the seed."""
        state = cls(hyperparameters)
        state.trainer.initialize(table_init(hyperparameters), num_threads or allowed_threads())
        return state

    @classmethod
    def from_model(cls, model: Model, hyperparameters: Hyperparameters) -> TrainingState:
        """Start from a model's parameters with new optimizer state.

        Raises
        ------
        UserError
            The model has another feature_dim, num_factors or predictor_type.
        """
        refuse_other_shape(model, hyperparameters)
        state = cls(hyperparameters)
        copy_parameters(model, state.trainer, table_init(model.hyperparameters))
        state.trainer.start_states(allowed_threads())
        return state

    def copy(self) -> TrainingState:
        return self.with_hyperparameters(self.hyperparameters)

    def with_hyperparameters(self, hyperparameters: Hyperparameters) -> TrainingState:
        """Return a copy that goes on under other learning settings; the shape must be the same.

        Another optimizer starts with new state.
        """
        if not keeps_same_state(hyperparameters, self.hyperparameters):
            twin = TrainingState.from_model(self.model(), hyperparameters)
        else:
            twin = TrainingState(hyperparameters)
            twin.learning_rate_factor = self.learning_rate_factor
            if (twin.trainer.features() is None) != (self.trainer.features() is None):
                raise UserError(_OTHER_TABLE)
            twin.trainer.copy_state(self.trainer)
            if hyperparameters != replace(self.hyperparameters, epochs=hyperparameters.epochs):
                twin.trainer.mend_states()  # FTRL's z depends on the rates
        twin.epochs_done = self.epochs_done
        twin.rows_trained = self.rows_trained
        return twin

    def add_features(self, features: npt.NDArray[np.uint32], init: TableInit) -> None:
        """Give features entries in a growing table whose others start as `init` says.

        Raises
        ------
        PlatformError
            There is no room for them.
        """
        self.trainer.init = init
        if not self.trainer.add_features(np.ascontiguousarray(features)):
            raise no_room_for_features(self.hyperparameters, self.trainer.num_entries)

    @contextmanager
    def making_entries(self) -> Iterator[None]:
        """Tell of a growing table that is given more features than it has room for.

        Raises
        ------
        PlatformError
            There is no room for them.
        """
        try:
            yield
        except MemoryError as error:
            if not grows(self.hyperparameters):
                raise
            raise no_room_for_features(self.hyperparameters, self.trainer.num_entries) from error

    def model(self) -> Model:
        """Return the model as it is now; it changes when training goes on."""
        return Model(self.trainer, self.hyperparameters)

    def __getstate__(self) -> dict[str, Any]:
        trainer = self.trainer
        growth = {}
        if trainer.features() is not None:
            growth = {"features": trainer.features(), "init": init_to_json(trainer.init)}
        return growth | {
            "hyperparameters": self.hyperparameters,
            "epochs_done": self.epochs_done,
            "rows_trained": self.rows_trained,
            "learning_rate_factor": self.learning_rate_factor,
            "step_count": trainer.step_count,
            "bias": trainer.bias,
            "bias_state": list(trainer.bias_state),
            "linear_weights": trainer.linear_weights(),
            "factors": trainer.factors(),
            "trained": trainer.trained(),
            "states": [
                (trainer.linear_state(slot), trainer.factor_state(slot))
                for slot in range(trainer.state_slots)
            ],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.hyperparameters = state["hyperparameters"]
        self.epochs_done = state["epochs_done"]
        self.rows_trained = state["rows_trained"]
        self.trainer = _new_trainer(self.hyperparameters)
        self._learning_rate_factor = 1.0
        self.learning_rate_factor = state.get("learning_rate_factor", 1.0)
        if (self.trainer.features() is None) != (state.get("features") is None):
            raise UserError(_OTHER_TABLE)
        if state.get("features") is not None:
            self.add_features(state["features"], init_from_json(state["init"]))
        self.trainer.set_parameters(
            state["bias"],
            np.ascontiguousarray(state["linear_weights"]),
            np.ascontiguousarray(state["factors"]),
        )
        self.trainer.set_trained(state["trained"])
        self.trainer.bias_state = state["bias_state"]
        self.trainer.step_count = state["step_count"]
        for slot, (linear, factors) in enumerate(state["states"]):
            self.trainer.set_state(slot, linear, factors)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished run.

    Attributes
    ----------
    model
        With early stopping that of the best epoch, otherwise that of the last.
    history
        One event per epoch of this run.
    best_epoch
        Epoch of the lowest validation loss, or the last epoch without validation rows.
    state
        To train on from; `model` is a view of it.
    interrupted
        Whether the run was asked to stop before its end; the model is then that of the best
        epoch so far by validation, or the last parameters without validation rows.
    """

    model: Model
    history: tuple[EpochEvent, ...]
    best_epoch: int
    state: TrainingState
    interrupted: bool = False

    @property
    def epochs_run(self) -> int:
        return len(self.history)


def refuse_other_shape(model: Model, hyperparameters: Hyperparameters) -> None:
    """Raise UserError unless training with these hyperparameters can start from the model."""
    for name in ("feature_dim", "num_factors", "predictor_type"):
        has, asked = getattr(model, name), getattr(hyperparameters, name)
        if has != asked:
            raise UserError(f"the model to start from has {name} {has}; {asked} is asked for")


def keeps_same_state(one: Hyperparameters, other: Hyperparameters) -> bool:
    """Say whether the optimizer state of one run is what the other's optimizer keeps."""
    return (one.optimizer, one.rowwise_state) == (other.optimizer, other.rowwise_state)


def _new_trainer(hyperparameters: Hyperparameters) -> Trainer:
    try:
        return Trainer(
            hyperparameters.feature_dim,
            hyperparameters.num_factors,
            hyperparameters.predictor_type,
            optimizer_settings(hyperparameters),
            simd_path(),
            growth_of(hyperparameters),
        )
    except MemoryError as error:
        raise no_room_for_table(hyperparameters) from error
