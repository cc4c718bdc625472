"""Training that goes on from a saved model."""

from __future__ import annotations

from typing import Any

from pairloom.errors import DataFormatError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model, OptimizerState
from pairloom.model.initial_parameters import init_to_json
from pairloom.training.state import TrainingState, keeps_same_state, refuse_other_shape

_IN_THE_MODEL = (
    "hyperparameters", "bias", "linear_weights", "factors", "trained", "features", "init",
)  # fmt: skip


def with_optimizer_state(model: Model, state: TrainingState) -> Model:
    """Return the model of a training run together with what training needs to go on.

    `warm_start` of the saved model then continues to the same bytes as an uninterrupted run.
    """
    progress = {
        key: value for key, value in state.__getstate__().items() if key not in _IN_THE_MODEL
    }
    slots = tuple(progress.pop("states"))
    return Model(
        model.table,
        model.hyperparameters,
        feature_names=model.feature_names,
        fields=model.fields,
        metadata=model.metadata,
        optimizer_state=OptimizerState(progress, slots),
    )


def warm_start(model: Model, hyperparameters: Hyperparameters) -> TrainingState:
    """Return a state that goes on from a model, to be given to `train`.

    Parameters
    ----------
    model
        With its optimizer state, training goes on as if it had never ended. Without, or under
        another optimizer, from its parameters with new optimizer state. Features that the file
        left out, because they were untrained and counted as zero, start from the seed again.
    hyperparameters
        Of the same shape and predictor type.

    Raises
    ------
    UserError
        The model has another `feature_dim`, `num_factors` or `predictor_type`.
    """
    refuse_other_shape(model, hyperparameters)
    if model.optimizer_state is not None and goes_on(model, hyperparameters):
        return _continued(model, model.optimizer_state, hyperparameters)
    return TrainingState.from_model(model, hyperparameters)


def goes_on(model: Model, hyperparameters: Hyperparameters) -> bool:
    """Say whether the optimizer state of a model is there and fits."""
    same = keeps_same_state(model.hyperparameters, hyperparameters)
    return model.optimizer_state is not None and same


def _continued(model: Model, stored: OptimizerState, settings: Hyperparameters) -> TrainingState:
    state = TrainingState(settings)
    expected = state.trainer.state_slots
    if len(stored.slots) != expected:
        raise DataFormatError(
            f"the model's optimizer state has {len(stored.slots)} values per parameter; "
            f"{settings.optimizer} keeps {expected}"
        )
    table = model.table
    parts: dict[str, Any] = {
        **stored.progress,
        "hyperparameters": settings,
        "bias": model.bias,
        "linear_weights": table.linear_weights(),
        "factors": table.factors(),
        "trained": table.trained(),
        "states": stored.slots,
    }
    if table.features() is not None:
        parts |= {"features": table.features(), "init": init_to_json(table.init)}
    try:
        state.__setstate__(parts)
    except UserError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise DataFormatError(f"the model's optimizer state is damaged: {error!r}") from error
    return state
