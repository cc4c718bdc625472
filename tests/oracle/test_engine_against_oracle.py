"""The engine after 50 steps: its double build and its float build against the oracle."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from oracle.cases import (
    CASES,
    FEATURE_DIM,
    ZERO_STORED,
    Case,
)
from oracle.reference_machine import Parameters, ReferenceMachine
from pairloom._core import Float64Trainer, MetricSums, Trainer
from pairloom.batch import RowBatch
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training.optimizer_settings import optimizer_settings

FORMS = ("dense", "sparse")
GROUPS = ("bias", "linear", "factors")
# Adaptive rates amplify a small gradient's rounding.
FLOAT_TOLERANCE = {"adam": 1e-4, "adagrad": 1e-4, "ftrl": 1e-4, "sgd": 1e-5}


def hyperparameters_of(case: Case) -> Hyperparameters:
    values = asdict(case.settings)
    for base in ("learning_rate", "wd", "optimizer"):
        values[f"_{base}"] = values.pop(base)
    return resolve({**values, "feature_dim": FEATURE_DIM, "num_factors": case.num_factors})


def rows_of(case: Case, form: str) -> RowBatch:
    return case.dense() if form == "dense" else case.sparse()


def initial_of(case: Case) -> Parameters:
    """Return the case's start; a group that is switched off starts at zero."""
    initial = case.initial()
    if not case.settings.use_bias:
        initial.bias[...] = 0.0
    if not case.settings.use_linear:
        initial.linear[...] = 0.0
    return initial


def oracle_after_50_steps(case: Case) -> ReferenceMachine:
    machine = ReferenceMachine(case.settings, initial_of(case))
    kept = case.kept_rows()
    machine.fit(
        case.matrix[kept].astype(np.float64),
        case.labels[kept].astype(np.float64),
        None if case.weights is None else case.weights[kept].astype(np.float64),
        epochs=case.epochs(),
    )
    assert machine.step_count >= 50
    return machine


def run_50_steps(trainer: Trainer | Float64Trainer, case: Case, rows: RowBatch) -> Parameters:
    """Train as `pairloom.training` does: rows of weight 0 are in no mini-batch."""
    order = None if case.weights is None else case.kept_rows().astype(np.uint32)
    checked = rows.checked()
    for _ in range(case.epochs()):
        result = trainer.train(checked, order, case.boundaries(), 2, MetricSums())
        assert result.not_finite is None
    assert trainer.step_count >= 50
    return Parameters(
        np.asarray(trainer.bias, dtype=np.float64),
        trainer.linear_weights().astype(np.float64),
        trainer.factors().astype(np.float64),
    )


def double_after_50_steps(case: Case, form: str) -> tuple[Float64Trainer, Parameters]:
    settings = hyperparameters_of(case)
    trainer = Float64Trainer(
        FEATURE_DIM,
        case.num_factors,
        settings.predictor_type,
        optimizer_settings(settings),
        "baseline",
    )
    initial = initial_of(case)
    trainer.set_parameters(float(initial.bias), initial.linear, initial.factors)
    trainer.start_states(1)
    return trainer, run_50_steps(trainer, case, rows_of(case, form))


def assert_same_states(trainer: Float64Trainer, oracle: ReferenceMachine) -> None:
    for slot in range(trainer.state_slots):
        of_group = {name: group.states[slot] for name, group in oracle.groups.items()}
        actual = {
            "bias": np.asarray(trainer.bias_state[slot]),
            "linear": trainer.linear_state(slot),
            "factors": trainer.factor_state(slot),
        }
        switched_on = {"bias": oracle.settings.use_bias, "linear": oracle.settings.use_linear}
        for name in GROUPS:
            if not switched_on.get(name, True):
                continue
            np.testing.assert_allclose(
                np.broadcast_to(actual[name], of_group[name].shape),
                of_group[name],
                rtol=1e-9,
                atol=1e-12,
                err_msg=f"state {slot}, {name}",
            )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_double_build_equals_the_oracle(name: str, form: str) -> None:
    case = CASES[name]
    expected = oracle_after_50_steps(case)
    trainer, actual = double_after_50_steps(case, form)
    for group in GROUPS:
        np.testing.assert_allclose(
            getattr(actual, group),
            getattr(expected.parameters, group),
            rtol=1e-9,
            atol=1e-12,
            err_msg=group,
        )
    assert_same_states(trainer, expected)
    scores = trainer.score_rows(rows_of(case, form).checked(), False, 2)
    np.testing.assert_allclose(
        scores, expected.score(case.matrix.astype(np.float64)), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("simd", ["baseline", "auto"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_float_build_stays_near_the_oracle(name: str, form: str, simd: str) -> None:
    case = CASES[name]
    settings = hyperparameters_of(case)
    trainer = Trainer(
        FEATURE_DIM, case.num_factors, settings.predictor_type, optimizer_settings(settings), simd
    )
    initial = initial_of(case)
    trainer.set_parameters(
        float(initial.bias), initial.linear.astype(np.float32), initial.factors.astype(np.float32)
    )
    trainer.start_states(1)
    actual = run_50_steps(trainer, case, rows_of(case, form))
    expected = oracle_after_50_steps(case).parameters
    for group in GROUPS:
        largest = np.abs(getattr(expected, group)).max()
        distance = np.abs(getattr(actual, group) - getattr(expected, group)).max()
        assert distance <= FLOAT_TOLERANCE[case.settings.optimizer] * largest, group


@pytest.mark.parametrize("form", FORMS)
def test_a_feature_with_only_explicit_zeros_is_left_alone(form: str) -> None:
    case = CASES["regression"]
    assert case.stored[:, ZERO_STORED].any()
    trainer, actual = double_after_50_steps(case, form)
    initial = initial_of(case)
    assert actual.linear[ZERO_STORED] == initial.linear[ZERO_STORED]
    np.testing.assert_array_equal(actual.factors[ZERO_STORED], initial.factors[ZERO_STORED])
    assert not trainer.trained()[ZERO_STORED]
    for slot in (0, 1):
        assert trainer.linear_state(slot)[ZERO_STORED] == 0.0
        assert not trainer.factor_state(slot)[ZERO_STORED].any()
