"""Fitting: going on, stopping early, validating, failing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pairloom import FMClassifier, FMRegressor
from pairloom.errors import TrainingDivergedError

LOSS = "validation:binary_classification_cross_entropy"


def test_warm_start_goes_on_as_one_longer_fit(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    longer = FMRegressor(epochs=5).fit(problem.X, problem.number)
    twice = FMRegressor(epochs=2, warm_start=True).fit(problem.X, problem.number)
    twice.set_params(epochs=3).fit(problem.X, problem.number)
    assert learned_bytes(longer) == learned_bytes(twice)
    assert [line["epoch"] for line in twice.history_] == [1, 2, 3, 4, 5]
    assert twice.n_iter_ == 5


def test_partial_fit_trains_one_epoch_of_a_longer_fit(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    longer = FMClassifier(epochs=3).fit(problem.X, problem.label)
    parts = FMClassifier(epochs=99)
    for _ in range(3):
        parts.partial_fit(problem.X, problem.label)
    assert learned_bytes(longer) == learned_bytes(parts)
    assert parts.n_iter_ == 3


def test_fit_without_warm_start_begins_anew(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    model = FMRegressor(epochs=2).fit(problem.X, problem.number)
    first = learned_bytes(model)
    assert learned_bytes(model.fit(problem.X, problem.number)) == first
    assert model.n_iter_ == 2


def test_partial_fit_learns_classes_from_the_argument(problem: Any) -> None:
    ups = problem.label == "up"
    model = FMClassifier()
    model.partial_fit(problem.X[ups], problem.label[ups], classes=["up", "down"])
    model.partial_fit(problem.X, problem.label)
    assert model.classes_.tolist() == ["down", "up"]
    with pytest.raises(ValueError, match=r"classes are \['left', 'up'\]; this estimator knows"):
        model.partial_fit(problem.X, problem.label, classes=["up", "left"])


def test_later_rows_with_an_unknown_label_are_refused(problem: Any) -> None:
    model = FMClassifier(warm_start=True).fit(problem.X, problem.label)
    message = r"y of row 1 is 'left'; must be one of the classes \['down', 'up'\]"
    for train in (model.partial_fit, model.fit):
        with pytest.raises(ValueError, match=message):
            train(problem.X[:2], ["up", "left"])


@pytest.mark.parametrize("rest", [(), (np.linspace(0, 1, 40),)])
def test_eval_set_is_measured_after_each_epoch(problem: Any, rest: tuple[Any, ...]) -> None:
    X, y = problem.X[80:], problem.label[80:]
    model = FMClassifier(epochs=3)
    model.fit(problem.X[:80], problem.label[:80], eval_set=[(X, y, *rest)])
    probability = model.predict_proba(X)[np.arange(40), (y == "up").astype(int)]
    expected = np.average(-np.log(probability), weights=rest[0] if rest else None)
    assert model.history_[-1][LOSS] == pytest.approx(expected, rel=1e-5)


def test_early_stopping_keeps_the_best_epoch_of_the_eval_set(problem: Any) -> None:
    random = np.random.default_rng(1)
    noise = random.permutation(problem.label)
    eval_set = (problem.X[60:], noise[60:])
    model = FMClassifier(
        epochs=500, mini_batch_size=10, early_stopping=True, early_stopping_patience=4
    ).fit(problem.X[:60], noise[:60], eval_set=eval_set)
    losses = [line[LOSS] for line in model.history_]
    assert model.n_iter_ < 500
    assert model.best_epoch_ == 1 + int(np.argmin(losses)) == model.n_iter_ - 4
    kept = FMClassifier(epochs=model.best_epoch_, mini_batch_size=10).fit(
        problem.X[:60], noise[:60]
    )
    assert np.array_equal(kept.factors_, model.factors_)


@pytest.mark.parametrize(
    ("estimator", "target"), [(FMClassifier, "label"), (FMRegressor, "number")]
)
def test_early_stopping_holds_out_a_fraction_of_the_rows(
    problem: Any, estimator: Any, target: str
) -> None:
    model = estimator(early_stopping=True, validation_fraction=0.25, epochs=2)
    model.fit(problem.X, getattr(problem, target))
    held_out = [name for name in model.history_[0] if name.startswith("validation:")]
    assert held_out
    with pytest.raises(ValueError, match="validation_fraction: 1 is refused"):
        estimator(early_stopping=True, validation_fraction=1).fit(
            problem.X, getattr(problem, target)
        )


@pytest.mark.parametrize("eval_set", [5, (1,), [(1, 2), (3, 4)], (1, 2, 3, 4)])
def test_eval_set_of_another_form_is_refused(problem: Any, eval_set: Any) -> None:
    with pytest.raises(ValueError, match="eval_set must be a tuple"):
        FMRegressor().fit(problem.X, problem.number, eval_set=eval_set)


def test_hyperparameters_are_refused_by_name_in_fit(problem: Any) -> None:
    message = "epochs: 0 is refused; must be an integer from 1 .*\neps: -1 is refused"
    with pytest.raises(ValueError, match=message):
        FMRegressor(epochs=0, eps=-1).fit(problem.X, problem.number)
    with pytest.raises(ValueError, match="seed: -1 is refused"):
        FMRegressor(random_state=-1).fit(problem.X, problem.number)


def test_one_class_is_refused(problem: Any) -> None:
    with pytest.raises(ValueError, match="y holds one class, 'up'; a classifier needs two"):
        FMClassifier().fit(problem.X, ["up"] * len(problem.X))


def test_target_beyond_float32_is_refused(problem: Any) -> None:
    y = problem.number.astype(np.float64)
    y[3] = 1e300
    with pytest.raises(ValueError, match=r"y of row 3 is 1e\+300; float32 must hold it"):
        FMRegressor().fit(problem.X, y)


def failing_fits(problem: Any) -> dict[str, Callable[[Any], object]]:
    wide = np.ones((4, 9))
    return {
        "divergence": lambda model: model.set_params(linear_lr=1e38).fit(problem.X, problem.number),
        "bad value": lambda model: model.set_params(epochs=0).fit(wide, np.arange(4)),
        "bad eval_set": lambda model: model.fit(wide, np.arange(4), eval_set=7),
    }


@pytest.mark.parametrize("failure", ["divergence", "bad value", "bad eval_set"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_failed_fit_leaves_the_estimator_as_it_was(
    problem: Any, learned_bytes: Callable[[Any], bytes], failure: str, warm_start: bool
) -> None:
    model = FMRegressor(epochs=2, warm_start=warm_start).fit(problem.X, problem.number)
    learned = learned_bytes(model)
    fail = failing_fits(problem)[failure]
    with pytest.raises((ValueError, TrainingDivergedError)):
        fail(model)
    assert learned_bytes(model) == learned
    assert (model.n_features_in_, model.n_iter_) == (6, 2)


@pytest.mark.usefixtures("untraced")
def test_ctrl_c_ends_fit_within_a_second_and_leaves_the_estimator_as_it_was(
    problem: Any, learned_bytes: Callable[[Any], bytes]
) -> None:
    model = FMRegressor(epochs=2, warm_start=True).fit(problem.X, problem.number)
    learned, attributes = learned_bytes(model), dict(vars(model))
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, press)
    model.set_params(epochs=10**9)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(problem.X, problem.number)
    assert time.monotonic() - pressed[0] < 1
    assert learned_bytes(model) == learned
    assert vars(model) == {**attributes, "epochs": 10**9}


def test_verbose_writes_a_line_per_epoch(problem: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model = FMRegressor(epochs=2, verbose=1)
    model.fit(problem.X, problem.number, eval_set=(problem.X, problem.number))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    rmse = model.history_[1]["validation:rmse"]
    assert lines[1].startswith("epoch 2: train:rmse ")
    assert f"validation:rmse {rmse:.6g}" in lines[1]
