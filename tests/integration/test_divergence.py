"""Numbers that run away: training stops, says where, and keeps the last good parameters."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from integration.runs import as_classes, dense_rows, digest, run, sparse_rows_of
from pairloom.batch import RowBatch
from pairloom.errors import TrainingDivergedError
from pairloom.hyperparameters import resolve
from pairloom.training import TrainingResult, TrainingState, train

BATCH = 100
BAD_BATCH = 3
SETTINGS: dict[str, object] = {
    "predictor_type": "regressor",
    "num_factors": 4,
    "mini_batch_size": BATCH,
    "linear_lr": 0.02,
    "factors_lr": 0.01,
    "epochs": 2,
}


def rows_that_overflow(what: str, form: str) -> RowBatch:
    """Return ten mini-batches of which the fourth overflows float32 in one place."""
    rows = dense_rows(10 * BATCH, feature_dim=12)
    assert rows.values is not None
    assert rows.labels is not None
    row = BAD_BATCH * BATCH + 17
    if what == "score":
        rows.values[row, :2] = 3e38
    elif what == "bias":
        rows.labels[row] = 3e38
    elif what == "factors":
        rows.values[row] = 0.0
        rows.values[row, :2] = 1e10  # the score is 1e18, the gradient's square is beyond 1e38
    return rows if form == "dense" else sparse_rows_of(rows.values, rows)


def first_rows(rows: RowBatch, stop: int) -> RowBatch:
    assert rows.labels is not None
    assert rows.values is not None
    labels = rows.labels[:stop]
    if rows.row_offsets is None:
        return replace(rows, values=rows.values[:stop], labels=labels)
    return replace(rows, row_offsets=rows.row_offsets[: stop + 1], labels=labels)


def progress(state: TrainingState) -> dict[str, object]:
    """Return what a step changes, but for the moments of the features it touched."""
    trainer = state.trainer
    return {
        "steps": trainer.step_count,
        "bias": (trainer.bias, trainer.bias_state),
        "linear weights": digest(trainer.linear_weights()),
        "factors": digest(trainer.factors()),
    }


def finite_moments(state: TrainingState) -> bool:
    trainer = state.trainer
    moments = [(trainer.linear_state(slot), trainer.factor_state(slot)) for slot in (0, 1)]
    return all(np.isfinite(cells).all() for pair in moments for cells in pair)


def diverge(rows: RowBatch, settings: dict[str, object], num_threads: int = 2) -> TrainingResult:
    with pytest.raises(TrainingDivergedError) as caught:
        run(rows, settings, num_threads=num_threads)
    error = caught.value
    for part in (
        f"epoch {error.epoch}",
        f"mini-batch {error.batch}",
        "not finite",
        "clip_gradient",
    ):
        assert part in str(error)
    for rate in ("factors_lr", "linear_lr", "bias_lr"):
        assert rate in str(error)
    assert isinstance(error.last_good, TrainingResult)
    assert (error.epoch, error.batch) == (0, BAD_BATCH)
    return error.last_good


@pytest.mark.parametrize("num_threads", [1, 3])
@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("what", ["score", "bias", "factors"])
def test_the_parameters_before_the_bad_mini_batch_are_kept(
    what: str, form: str, num_threads: int
) -> None:
    rows = rows_that_overflow(what, form)
    last_good = diverge(rows, SETTINGS, num_threads)
    before = first_rows(rows, BAD_BATCH * BATCH)
    expected = run(before, {**SETTINGS, "epochs": 1}, num_threads=1)
    assert progress(last_good.state) == progress(expected.state)
    assert finite_moments(last_good.state)


@pytest.mark.parametrize("what", ["score", "bias", "factors"])
def test_training_goes_on_from_the_last_good_state(what: str) -> None:
    last_good = diverge(rows_that_overflow(what, "dense"), SETTINGS)
    rest = dense_rows(500, feature_dim=12, seed=4)
    losses = []
    for _ in range(3):
        result = train(rest, last_good.state.hyperparameters, state=last_good.state)
        losses.append(result.history[-1].train["mse"])
    assert losses[2] < losses[0]


def test_the_error_survives_pickling() -> None:
    with pytest.raises(TrainingDivergedError) as caught:
        run(rows_that_overflow("score", "dense"), SETTINGS, num_threads=1)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.epoch, copy.batch) == (str(caught.value), 0, BAD_BATCH)


def test_learning_rates_without_measure_stop_training() -> None:
    rows = dense_rows(1000, feature_dim=12)
    with pytest.raises(TrainingDivergedError) as caught:
        run(rows, {**SETTINGS, "_learning_rate": 1e25, "epochs": 50}, num_threads=2)
    last_good = caught.value.last_good
    assert isinstance(last_good, TrainingResult)
    assert np.isfinite(last_good.model.bias)
    assert np.isfinite(last_good.model.linear_weights).all()
    assert np.isfinite(last_good.model.factors).all()


def finished_or_last_good(
    rows: RowBatch, settings: dict[str, object]
) -> tuple[TrainingResult, str | None]:
    try:
        return run(rows, settings, num_threads=2), None
    except TrainingDivergedError as error:
        if not isinstance(error.last_good, TrainingResult):
            raise
        return error.last_good, str(error)


@pytest.mark.parametrize("predictor_type", ["binary_classifier", "regressor"])
@pytest.mark.parametrize("factors_lr", [0.0001, 0.1, 10.0])
def test_raw_values_of_31835_end_in_finite_numbers_or_an_error(
    predictor_type: str, factors_lr: float
) -> None:
    rows = dense_rows(1000, feature_dim=12, density=0.9)
    assert rows.values is not None
    rows.values[:, 5] = 31835.0
    rows = as_classes(rows) if predictor_type == "binary_classifier" else rows
    settings = {**SETTINGS, "predictor_type": predictor_type, "factors_lr": factors_lr}
    result, message = finished_or_last_good(rows, {**settings, "epochs": 20})
    assert message is None or "31835" in message
    assert np.isfinite(result.model.factors).all()
    assert np.isfinite(result.model.predict_rows(rows)).all()
    assert all(np.isfinite(value) for event in result.history for value in event.train.values())


def test_clipping_tames_what_diverges_without_it() -> None:
    rows = rows_that_overflow("factors", "dense")
    diverge(rows, SETTINGS)
    model = run(rows, {**SETTINGS, "clip_gradient": 1.0}, num_threads=2).model
    assert np.isfinite(model.factors).all()


def test_an_interrupted_run_leaves_later_runs_unchanged() -> None:
    rows = dense_rows(1000, feature_dim=12)
    expected = run(rows, SETTINGS, num_threads=2).model.factors.tobytes()
    diverge(rows_that_overflow("score", "dense"), SETTINGS)
    assert run(rows, SETTINGS, num_threads=2).model.factors.tobytes() == expected


def test_hyperparameters_are_those_that_were_asked_for() -> None:
    last_good = diverge(rows_that_overflow("score", "dense"), SETTINGS)
    asked = resolve({**SETTINGS, "feature_dim": 12})
    assert last_good.model.hyperparameters == asked
