"""Training in parts: the parts give the bytes of the whole."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from integration.runs import dense_rows, digest, one_hot_rows, sparse_real_rows, with_weights
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, UserError
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.model import Model, OptimizerState
from pairloom.training import (
    TrainingState,
    evaluate,
    train,
    warm_start,
    with_optimizer_state,
)

ROWS = with_weights(one_hot_rows(3000))


OPTIMIZERS = ("adam", "adagrad", "ftrl", "sgd")


def settings_of(epochs: int, optimizer: str = "adam") -> Hyperparameters:
    return resolve(
        {
            "_optimizer": optimizer,
            "batch_ramp": 16,
            "predictor_type": "binary_classifier",
            "feature_dim": ROWS.feature_dim,
            "num_factors": 6,
            "mini_batch_size": 256,
            "factors_lr": 0.01,
            "shuffle": True,
            "epochs": epochs,
        }
    )


def through_a_file(state: TrainingState) -> TrainingState:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pairloom"
        with_optimizer_state(state.model(), state).save(path)
        return warm_start(Model.load(path), state.hyperparameters)


def as_it_is(state: TrainingState) -> TrainingState:
    return state


def pickled(state: TrainingState) -> TrainingState:
    copy = pickle.loads(pickle.dumps(state))
    assert isinstance(copy, TrainingState)
    return copy


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("hand_over", [as_it_is, TrainingState.copy, pickled, through_a_file])
def test_two_epochs_and_three_equal_five(
    hand_over: Callable[[TrainingState], TrainingState], optimizer: str
) -> None:
    first, then = settings_of(2, optimizer), settings_of(3, optimizer)
    whole = train(ROWS, settings_of(5, optimizer))
    state = hand_over(train(ROWS, first).state)
    parts = train(ROWS, then, state=state.with_hyperparameters(then))
    assert digest(parts.model.factors) == digest(whole.model.factors)
    assert digest(parts.model.score_rows(ROWS)) == digest(whole.model.score_rows(ROWS))
    assert [event.train for event in parts.history] == [event.train for event in whole.history[2:]]


def test_a_state_of_other_hyperparameters_is_refused() -> None:
    state = train(ROWS, settings_of(1)).state
    with pytest.raises(UserError, match="with_hyperparameters"):
        train(ROWS, settings_of(2), state=state)


def test_a_saved_model_scores_to_the_same_bytes(tmp_path: Path) -> None:
    model = train(ROWS, settings_of(2)).model
    model.save(tmp_path / "model.pairloom")
    loaded = Model.load(tmp_path / "model.pairloom")
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


def test_a_model_without_optimizer_state_goes_on_with_a_new_one(tmp_path: Path) -> None:
    model = train(ROWS, settings_of(2)).model
    model.save(tmp_path / "model.pairloom")
    model.save(tmp_path / "model.tar.gz")
    expected = train(
        ROWS, settings_of(1), state=TrainingState.from_model(model, settings_of(1))
    ).model
    for name in ("model.pairloom", "model.tar.gz"):
        state = warm_start(Model.load(tmp_path / name), settings_of(1))
        assert digest(train(ROWS, settings_of(1), state=state).model.factors) == digest(
            expected.factors
        )


def test_untrained_features_that_a_file_left_out_start_from_the_seed(tmp_path: Path) -> None:
    first = one_hot_rows(12, feature_dim=900)
    settings = replace(settings_of(1), untrained_features="zero")
    model = train(first, settings).model
    model.save(tmp_path / "model.pairloom")
    loaded = Model.load(tmp_path / "model.pairloom")
    assert loaded.leaves_untrained_out
    one, other = warm_start(loaded, settings), TrainingState.from_model(model, settings)
    assert digest(train(ROWS, settings, state=one).model.factors) == digest(
        train(ROWS, settings, state=other).model.factors
    )


@pytest.mark.parametrize(
    ("name", "value"), [("num_factors", 7), ("feature_dim", 901), ("predictor_type", "regressor")]
)
def test_a_model_of_another_shape_is_refused(name: str, value: object) -> None:
    model = TrainingState.initial(settings_of(1)).model()
    other = resolve({**settings_of(1).to_dict(), name: value})
    with pytest.raises(UserError, match=f"has {name} .*; {value} is asked for"):
        warm_start(model, other)


@pytest.mark.parametrize(
    ("progress", "slots", "message"),
    [({}, 2, "damaged: KeyError"), ({}, 1, "1 values per parameter; adam keeps 2")],
)
def test_optimizer_state_that_does_not_fit_is_refused(
    progress: dict[str, object], slots: int, message: str
) -> None:
    state = TrainingState.initial(settings_of(1))
    model = with_optimizer_state(state.model(), state)
    assert model.optimizer_state is not None
    model.optimizer_state = OptimizerState(progress, model.optimizer_state.slots[:slots])
    with pytest.raises(DataFormatError, match=message):
        warm_start(model, settings_of(1))


@pytest.mark.parametrize("rows", [one_hot_rows(3000), sparse_real_rows(3000)])
def test_epochs_in_one_run_equal_epochs_run_alone(rows: RowBatch) -> None:
    """A run of many epochs keeps its prepared mini-batches, a run of one epoch has none to keep."""
    settings = resolve(
        {
            "predictor_type": "regressor",
            "feature_dim": rows.feature_dim,
            "num_factors": 8,
            "mini_batch_size": 256,
            "_optimizer": "adagrad",
            "batch_ramp": 4,
            "epochs": 3,
        }
    )
    together = train(rows, settings)
    one_epoch = replace(settings, epochs=1)
    state = TrainingState.initial(one_epoch)
    alone = [train(rows, one_epoch, state=state).history[0].train for _ in range(3)]
    assert [event.train for event in together.history] == alone
    assert digest(together.model.factors) == digest(state.model().factors)


def test_a_parameter_survives_a_warm_start_with_ftrl() -> None:
    """FTRL derives parameters from its state, which then has to fit those it starts from."""
    model = train(ROWS, settings_of(2)).model
    settings = replace(settings_of(1, "ftrl"), linear_lr=1e-30, factors_lr=1e-30, bias_lr=1e-30)
    warm = train(ROWS, settings, state=TrainingState.from_model(model, settings)).model
    np.testing.assert_allclose(warm.factors, model.factors, rtol=1e-6)
    np.testing.assert_allclose(warm.linear_weights, model.linear_weights, rtol=1e-6)


@pytest.mark.parametrize("before", OPTIMIZERS)
@pytest.mark.parametrize("after", OPTIMIZERS)
def test_a_state_goes_on_under_another_optimizer_or_other_rates(before: str, after: str) -> None:
    state = train(ROWS, settings_of(1, before)).state
    settings = replace(settings_of(1, after), factors_lr=0.02, bias_lr=0.01, rescale_grad=1 / 256)
    other = state.with_hyperparameters(settings)
    assert digest(other.model().factors) == digest(state.model().factors)
    loss = "binary_classification_cross_entropy"
    loss_before = evaluate(state.model(), ROWS)[loss]
    assert evaluate(train(ROWS, settings, state=other).model, ROWS)[loss] < loss_before + 0.02
