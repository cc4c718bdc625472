"""The double build against the oracle on small runs of any shape."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oracle.cases import Case
from oracle.reference_machine import ReferenceMachine, ReferenceSettings
from pairloom._core import Float64Trainer, MetricSums
from pairloom.hyperparameters import resolve
from pairloom.training.optimizer_settings import optimizer_settings

RATES = st.sampled_from([0.0, 0.001, 0.03, 0.2])
DECAYS = st.sampled_from([0.0, 0.001, 0.1])


@st.composite
def reference_settings(draw: st.DrawFn) -> ReferenceSettings:
    return ReferenceSettings(
        predictor_type=draw(st.sampled_from(["regressor", "binary_classifier"])),
        mini_batch_size=draw(st.integers(1, 40)),
        bias_lr=draw(RATES),
        linear_lr=draw(RATES),
        factors_lr=draw(RATES),
        bias_wd=draw(DECAYS),
        linear_wd=draw(DECAYS),
        factors_wd=draw(DECAYS),
        clip_gradient=draw(st.none() | st.sampled_from([0.01, 0.5])),
        eps=draw(st.sampled_from([1e-6, 1e-3])),
        optimizer=draw(st.sampled_from(["adam", "adagrad", "ftrl", "sgd"])),
        adagrad_initial_accumulator=draw(st.sampled_from([0.01, 1.0])),
        ftrl_beta=draw(st.sampled_from([0.1, 1.0])),
        linear_l1=draw(st.sampled_from([0.0, 0.1])),
        factors_l1=draw(st.sampled_from([0.0, 0.05])),
        rescale_grad=draw(st.none() | st.sampled_from([0.05, 1.0])),
        lazy_update=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return rows of which some are empty, some store zeros and some weigh nothing."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, 60)), draw(st.integers(1, 20)))
    stored = random.random(shape) < draw(st.sampled_from([0.1, 0.5, 1.0]))
    values = random.normal(0.0, 1.0, shape) * (random.random(shape) < 0.9)
    if draw(st.booleans()):
        values = np.ones(shape)
    chosen = draw(reference_settings())
    labels = random.normal(0.0, 2.0, shape[0])
    if chosen.predictor_type == "binary_classifier":
        labels = (labels > 0).astype(np.float64)
    weights = random.choice([0.0, 0.5, 1.0, 3.0], shape[0])
    weights[0] = 1.0
    return Case(
        matrix=np.where(stored, values, 0.0).astype(np.float32),
        stored=stored,
        labels=labels.astype(np.float32),
        weights=weights.astype(np.float32) if draw(st.booleans()) else None,
        settings=chosen,
        num_factors=draw(st.integers(1, 9)),
    )


@settings(max_examples=60)
@given(cases(), st.booleans(), st.integers(1, 3))
def test_three_epochs_equal_the_oracle(case: Case, dense: bool, num_threads: int) -> None:
    kept = case.kept_rows()
    oracle = ReferenceMachine(case.settings, case.initial())
    weights = None if case.weights is None else case.weights[kept].astype(np.float64)
    matrix = case.matrix.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        oracle.fit(matrix[kept], case.labels[kept].astype(np.float64), weights, epochs=3)
        largest = np.abs(oracle.score(matrix)).max()
    assume(largest < 1e6)  # a run that diverges makes much of its last digits
    trainer = trainer_of(case)
    rows = (case.dense() if dense else case.sparse()).checked()
    for _ in range(3):
        order = kept.astype(np.uint32)
        result = trainer.train(rows, order, case.boundaries(), num_threads, MetricSums())
        assert result.not_finite is None
    for actual, expected in (
        (trainer.bias, oracle.parameters.bias),
        (trainer.linear_weights(), oracle.parameters.linear),
        (trainer.factors(), oracle.parameters.factors),
        (trainer.score_rows(rows, False, num_threads), oracle.score(matrix)),
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)


def trainer_of(case: Case) -> Float64Trainer:
    values = asdict(case.settings)
    for base in ("learning_rate", "wd", "optimizer"):
        values[f"_{base}"] = values.pop(base)
    feature_dim = case.matrix.shape[1]
    resolved = resolve({**values, "feature_dim": feature_dim, "num_factors": case.num_factors})
    trainer = Float64Trainer(
        feature_dim,
        case.num_factors,
        resolved.predictor_type,
        optimizer_settings(resolved),
        "baseline",
    )
    initial = case.initial()
    trainer.set_parameters(float(initial.bias), initial.linear, initial.factors)
    trainer.start_states(1)
    return trainer
