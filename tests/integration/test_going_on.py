"""Training in parts: the parts give the bytes of the whole."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from integration.runs import dense_rows, digest, one_hot_rows, with_weights
from pairloom.errors import UserError
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model import Model
from pairloom.training import TrainingState, evaluate, train

ROWS = with_weights(one_hot_rows(3000))


def settings_of(epochs: int) -> Hyperparameters:
    return resolve(
        {
            "predictor_type": "binary_classifier",
            "feature_dim": ROWS.feature_dim,
            "num_factors": 6,
            "mini_batch_size": 256,
            "factors_lr": 0.01,
            "shuffle": True,
            "epochs": epochs,
        }
    )


def as_it_is(state: TrainingState) -> TrainingState:
    return state


def pickled(state: TrainingState) -> TrainingState:
    copy = pickle.loads(pickle.dumps(state))
    assert isinstance(copy, TrainingState)
    return copy


@pytest.mark.parametrize("hand_over", [as_it_is, TrainingState.copy, pickled])
def test_two_epochs_and_three_equal_five(
    hand_over: Callable[[TrainingState], TrainingState],
) -> None:
    whole = train(ROWS, settings_of(5))
    state = hand_over(train(ROWS, settings_of(2)).state)
    parts = train(ROWS, settings_of(3), state=state.with_hyperparameters(settings_of(3)))
    assert digest(parts.model.factors) == digest(whole.model.factors)
    assert digest(parts.model.score_rows(ROWS)) == digest(whole.model.score_rows(ROWS))
    assert [event.train for event in parts.history] == [event.train for event in whole.history[2:]]


def test_a_state_of_other_hyperparameters_is_refused() -> None:
    state = train(ROWS, settings_of(1)).state
    with pytest.raises(UserError, match="with_hyperparameters"):
        train(ROWS, settings_of(2), state=state)


def test_a_saved_model_scores_to_the_same_bytes(tmp_path: Path) -> None:
    model = train(ROWS, settings_of(2)).model
    model.save(tmp_path / "model.npz")
    loaded = Model.load(tmp_path / "model.npz")
    assert digest(loaded.score_rows(ROWS)) == digest(model.score_rows(ROWS))
    assert evaluate(loaded, ROWS) == evaluate(model, ROWS)
    assert loaded.hyperparameters == model.hyperparameters


def test_the_best_epochs_parameters_are_those_of_a_run_that_ends_there() -> None:
    rows, validation = dense_rows(1500), dense_rows(700, seed=1)
    settings = resolve(
        {
            "predictor_type": "regressor",
            "feature_dim": rows.feature_dim,
            "num_factors": 8,
            "mini_batch_size": 100,
            "factors_lr": 0.1,
            "epochs": 40,
            "early_stopping": True,
        }
    )
    stopped = train(rows, settings, validation=validation)
    losses = [event.validation["mse"] for event in stopped.history]
    assert stopped.best_epoch == losses.index(min(losses))
    assert stopped.epochs_run == stopped.best_epoch + 1 + settings.early_stopping_patience
    plain = replace(settings, early_stopping=False, epochs=stopped.best_epoch + 1)
    expected = train(rows, plain).model
    assert digest(stopped.model.factors) == digest(expected.factors)
    assert digest(stopped.model.score_rows(rows)) == digest(expected.score_rows(rows))
    assert evaluate(stopped.model, validation)["mse"] == min(losses)
