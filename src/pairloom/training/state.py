"""What training changes, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pairloom._core import (
    GroupInit,
    GroupRates,
    InitMethod,
    Optimizer,
    OptimizerSettings,
    TableInit,
    Trainer,
)
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model
from pairloom.runtime import allowed_threads, simd_path
from pairloom.training.events import EpochEvent

DEFAULT_EPS = 1e-8  # of MXNet's Adam, which SageMaker runs


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
        state.trainer.initialize(_table_init(hyperparameters), num_threads or allowed_threads())
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
        state.trainer.set_parameters(model.bias, model.linear_weights, model.factors)
        state.trainer.set_trained(model.trained)
        state.trainer.start_states(allowed_threads())
        return state

    def copy(self) -> TrainingState:
        return self.with_hyperparameters(self.hyperparameters)

    def with_hyperparameters(self, hyperparameters: Hyperparameters) -> TrainingState:
        """Return a copy that goes on under other learning settings; the shape must be the same.

        Another optimizer starts with new state.
        """
        if hyperparameters.optimizer != self.hyperparameters.optimizer:
            twin = TrainingState.from_model(self.model(), hyperparameters)
        else:
            twin = TrainingState(hyperparameters)
            twin.learning_rate_factor = self.learning_rate_factor
            twin.trainer.copy_state(self.trainer)
            if hyperparameters != replace(self.hyperparameters, epochs=hyperparameters.epochs):
                twin.trainer.mend_states()  # FTRL's z depends on the rates
        twin.epochs_done = self.epochs_done
        twin.rows_trained = self.rows_trained
        return twin

    def model(self) -> Model:
        """Return the model as it is now; it changes when training goes on."""
        return Model(self.trainer, self.hyperparameters)

    def __getstate__(self) -> dict[str, Any]:
        trainer = self.trainer
        return {
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


def _new_trainer(hyperparameters: Hyperparameters) -> Trainer:
    try:
        return Trainer(
            hyperparameters.feature_dim,
            hyperparameters.num_factors,
            hyperparameters.predictor_type,
            optimizer_settings(hyperparameters),
            simd_path(),
        )
    except MemoryError as error:
        raise MemoryError(
            f"no memory for feature_dim {hyperparameters.feature_dim} with num_factors "
            f"{hyperparameters.num_factors} and the optimizer's state"
        ) from error


def optimizer_settings(
    settings: Hyperparameters, learning_rate_factor: float = 1.0
) -> OptimizerSettings:
    """Return the optimizer as the core runs it.

    Group rates are multiplied by `_learning_rate` and the factor, decays by `_wd`; adam divides
    gradients by `mini_batch_size` (contract section 1), the others sum them. A group that is
    switched off (`use_bias`, `use_linear`) starts at 0 and has a rate of 0.
    """
    rescale = settings.rescale_grad
    if rescale is None:
        rescale = 1.0 / settings.mini_batch_size if settings.optimizer == "adam" else 1.0
    rate = settings.learning_rate * learning_rate_factor
    return OptimizerSettings(
        optimizer=Optimizer[settings.optimizer],
        bias=_rates(settings, "bias", rate, used=settings.use_bias),
        linear=_rates(settings, "linear", rate, used=settings.use_linear),
        factors=_rates(settings, "factors", rate, used=True),
        epsilon=DEFAULT_EPS if settings.eps is None else settings.eps,
        initial_accumulator=settings.adagrad_initial_accumulator,
        ftrl_beta=settings.ftrl_beta,
        rescale_grad=rescale,
        clip_gradient=settings.clip_gradient,
        lazy_update=settings.lazy_update,
    )


def _rates(settings: Hyperparameters, group: str, rate: float, *, used: bool) -> GroupRates:
    if not used:
        return GroupRates(0.0, 0.0)
    return GroupRates(
        getattr(settings, f"{group}_lr") * rate,
        getattr(settings, f"{group}_wd") * settings.wd,
        getattr(settings, f"{group}_l1", 0.0),
    )


def _table_init(settings: Hyperparameters) -> TableInit:
    return TableInit(
        bias=_group_init(settings, "bias", used=settings.use_bias),
        linear=_group_init(settings, "linear", used=settings.use_linear),
        factors=_group_init(settings, "factors", used=True),
        seed=settings.seed,
    )


def _group_init(settings: Hyperparameters, group: str, *, used: bool) -> GroupInit:
    if not used:
        return GroupInit(InitMethod.constant, 0.0)
    method = getattr(settings, f"{group}_init_method")
    suffix = {"normal": "sigma", "uniform": "scale", "constant": "value"}[method]
    return GroupInit(InitMethod[method], getattr(settings, f"{group}_init_{suffix}"))
