"""Ctrl-C during training: soon obeyed, and nothing half done is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from integration.runs import dense_rows, digest, one_hot_rows, run
from pairloom import FMClassifier
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import TrainingState, train

pytestmark = pytest.mark.usefixtures("untraced")

LONG: dict[str, object] = {"predictor_type": "binary_classifier", "epochs": 100_000}


@contextmanager
def interrupt_expected_within(seconds: float) -> Iterator[None]:
    """Send SIGINT after 0.3 s, as Ctrl-C does, and time how long the block goes on."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.3, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    assert time.perf_counter() - sent[0] < seconds
    timer.join()


@pytest.mark.parametrize("mini_batch_size", [10, 1000, 100_000])
def test_training_stops_within_a_second(mini_batch_size: int) -> None:
    rows = one_hot_rows(100_000)
    settings = {**LONG, "mini_batch_size": mini_batch_size, "num_factors": 64}
    with interrupt_expected_within(1.0):
        run(rows, settings, num_threads=2)


def test_the_state_is_after_a_whole_number_of_mini_batches() -> None:
    rows = one_hot_rows(20_000)
    settings = resolve(
        {**LONG, "feature_dim": rows.feature_dim, "num_factors": 8, "mini_batch_size": 100}
    )
    state = TrainingState.initial(settings, num_threads=2)
    with interrupt_expected_within(1.0):
        train(rows, settings, state=state)
    expected = after_steps(rows, state)
    assert digest(state.trainer.factors()) == digest(expected.trainer.factors())
    assert state.trainer.bias == expected.trainer.bias


def after_steps(rows: RowBatch, interrupted: TrainingState) -> TrainingState:
    """Train anew for as many epochs and mini-batches as the interrupted run did."""
    assert rows.row_offsets is not None
    assert rows.labels is not None
    epochs, batches = divmod(interrupted.trainer.step_count, 200)
    state = TrainingState.initial(interrupted.hyperparameters, num_threads=2)
    if epochs:
        state = go_on(rows, state, epochs)
    if batches:
        stop = 100 * batches
        first = replace(rows, row_offsets=rows.row_offsets[: stop + 1], labels=rows.labels[:stop])
        state = go_on(first, state, 1)
    return state


def go_on(rows: RowBatch, state: TrainingState, epochs: int) -> TrainingState:
    settings = replace(state.hyperparameters, epochs=epochs)
    return train(rows, settings, state=state.with_hyperparameters(settings)).state


def test_an_estimator_stays_as_it_was() -> None:
    rows = dense_rows(20_000, feature_dim=20)
    assert rows.values is not None
    assert rows.labels is not None
    labels = rows.labels > 0
    estimator = FMClassifier(num_factors=4, epochs=1, random_state=0)
    estimator.fit(rows.values, labels)
    before = (estimator.factors_.tobytes(), estimator.bias_, estimator.n_iter_)
    probabilities = estimator.predict_proba(rows.values)
    estimator.set_params(epochs=100_000, num_factors=7)
    with interrupt_expected_within(1.0):
        estimator.fit(rows.values[:, :9], ~labels)
    assert (estimator.factors_.tobytes(), estimator.bias_, estimator.n_iter_) == before
    assert estimator.n_features_in_ == 20
    np.testing.assert_array_equal(estimator.predict_proba(rows.values), probabilities)


def test_an_estimator_never_fitted_stays_unfitted() -> None:
    rows = dense_rows(20_000, feature_dim=20)
    assert rows.values is not None
    assert rows.labels is not None
    estimator = FMClassifier(num_factors=4, epochs=100_000)
    before = dict(vars(estimator))
    with interrupt_expected_within(1.0):
        estimator.fit(rows.values, rows.labels > 0)
    assert vars(estimator) == before


def test_the_next_run_is_unharmed() -> None:
    rows = one_hot_rows(3000)
    short = {**LONG, "epochs": 2}
    expected = digest(run(rows, short, num_threads=2).model.factors)
    with interrupt_expected_within(1.0):
        run(rows, LONG, num_threads=2)
    assert digest(run(rows, short, num_threads=2).model.factors) == expected
