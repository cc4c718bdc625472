"""The oracle itself: against the definition, finite differences, algebra and PyTorch's Adam."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from oracle.reference_machine import (
    Float64Array,
    Parameters,
    ReferenceMachine,
    ReferenceSettings,
    row_losses,
    score,
    summed_gradient,
    touched_features,
)

PredictorType = Literal["regressor", "binary_classifier"]
PREDICTOR_TYPES: tuple[PredictorType, ...] = ("regressor", "binary_classifier")
NUM_ROWS, FEATURE_DIM, NUM_FACTORS = 12, 5, 3


def arithmetic_rows() -> tuple[Float64Array, Float64Array]:
    """Return rows and labels made by a formula, a third of the values zero."""
    row, feature = np.arange(NUM_ROWS)[:, np.newaxis], np.arange(FEATURE_DIM)
    rows = np.where((row + 2 * feature) % 3 == 0, 0.0, np.sin(1.0 + 3 * row + 7 * feature))
    labels = (np.arange(NUM_ROWS) * 5 % 7 % 2).astype(np.float64)
    return rows, labels


def arithmetic_parameters() -> Parameters:
    factors = 0.3 * np.cos(np.arange(FEATURE_DIM * NUM_FACTORS))
    return Parameters(
        bias=np.asarray(0.05),
        linear=0.1 * np.cos(np.arange(FEATURE_DIM) + 20.0),
        factors=factors.reshape(FEATURE_DIM, NUM_FACTORS),
    )


def settings_of_visible_steps(predictor_type: PredictorType) -> ReferenceSettings:
    return ReferenceSettings(
        predictor_type=predictor_type,
        mini_batch_size=4,
        bias_lr=0.05,
        linear_lr=0.02,
        factors_lr=0.01,
        bias_wd=0.01,
        linear_wd=0.03,
        factors_wd=0.02,
        eps=1e-3,
        lazy_update=False,
    )


def test_score_equals_the_sum_over_all_pairs() -> None:
    rows, _ = arithmetic_rows()
    parameters = arithmetic_parameters()
    for row, actual in zip(rows, score(parameters, rows), strict=True):
        expected = float(parameters.bias)
        for i, x in enumerate(row):
            expected += parameters.linear[i] * x
        for i, j in itertools.combinations(range(FEATURE_DIM), 2):
            inner_product = sum(a * b for a, b in zip(*parameters.factors[[i, j]], strict=True))
            expected += inner_product * row[i] * row[j]
        assert actual == pytest.approx(expected, rel=1e-13)


def test_cross_entropy_is_that_of_the_sigmoid() -> None:
    scores = np.linspace(-6.0, 6.0, 25)
    sigmoid = 1.0 / (1.0 + np.exp(-scores))
    for label, expected in ((1.0, -np.log(sigmoid)), (0.0, -np.log(1.0 - sigmoid))):
        losses = row_losses("binary_classifier", scores, np.full_like(scores, label))
        np.testing.assert_allclose(losses, expected, rtol=1e-12)


@pytest.mark.parametrize("group", ["bias", "linear", "factors"])
@pytest.mark.parametrize("predictor_type", PREDICTOR_TYPES)
def test_gradient_equals_finite_differences(predictor_type: PredictorType, group: str) -> None:
    rows, labels = arithmetic_rows()
    weights = np.linspace(0.0, 2.2, NUM_ROWS)
    parameters = arithmetic_parameters()
    gradient = getattr(summed_gradient(predictor_type, parameters, rows, labels, weights), group)
    width = 1e-6
    for place in np.ndindex(gradient.shape):
        losses = []
        for shift in (width, -width):
            shifted = parameters.copy()
            getattr(shifted, group)[place] += shift
            scores = score(shifted, rows)
            losses.append(weights @ row_losses(predictor_type, scores, labels))
        slope = (losses[0] - losses[1]) / (2 * width)
        assert gradient[place] == pytest.approx(slope, rel=1e-7, abs=1e-8)


# Recorded with PyTorch 2.13: autograd on the usual (sum of squares) form of the score,
# torch.optim.Adam in float64. PyTorch divides the second moment's root by its bias correction
# before it adds epsilon, so its epsilon was set to eps / sqrt(1 - 0.999**step) at each step;
# decay and clipping were applied to the gradient before the optimizer saw it.
PYTORCH_AFTER_30_STEPS = {
    ("regressor", None): (
        0.5943813695412069,
        [-0.15249841271147088, 0.031962485712321784, -0.31485515664110547, 0.33131753601683706,
         0.1386737881734211],
        [0.19255994725328426, 0.08554232763726853, -0.056819491872891655],
    ),
    ("binary_classifier", 0.02): (
        0.3945854701041016,
        [-0.20217721625605142, 0.05782241647824575, -0.30821516157508044, 0.3418208366053686,
         0.18720154452465396],
        [0.18342815711193036, 0.08387382260028738, -0.044719556449539094],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("predictor_type", "clip"), PYTORCH_AFTER_30_STEPS)
def test_ten_epochs_equal_the_ones_recorded_with_pytorch(
    predictor_type: PredictorType, clip: float | None
) -> None:
    rows, labels = arithmetic_rows()
    settings = replace(settings_of_visible_steps(predictor_type), clip_gradient=clip)
    machine = ReferenceMachine(settings, arithmetic_parameters())
    machine.fit(rows, labels, epochs=10)
    assert machine.step_count == 30
    bias, linear, first_factors = PYTORCH_AFTER_30_STEPS[predictor_type, clip]
    np.testing.assert_allclose(machine.parameters.bias, bias, rtol=1e-12)
    np.testing.assert_allclose(machine.parameters.linear, linear, rtol=1e-12)
    np.testing.assert_allclose(machine.parameters.factors[0], first_factors, rtol=1e-12)


def test_first_step_moves_by_the_learning_rate_against_the_gradients_sign() -> None:
    # m / sqrt(s) is .1 g / (sqrt(.001) |g|), and lr_1 is lr sqrt(.001) / .1.
    rows, labels = arithmetic_rows()
    settings = replace(
        settings_of_visible_steps("regressor"), eps=0.0, bias_wd=0.0, mini_batch_size=NUM_ROWS
    )
    machine = ReferenceMachine(settings, arithmetic_parameters())
    start = machine.parameters.copy()
    gradient = summed_gradient("regressor", start, rows, labels, np.ones(NUM_ROWS))
    machine.fit(rows, labels)
    expected = start.bias - settings.bias_lr * np.sign(gradient.bias)
    np.testing.assert_allclose(machine.parameters.bias, expected, rtol=1e-12)


def test_decay_is_added_before_clipping() -> None:
    # Rows of zeros have no gradient but decay: 1000 times the clip limit, or a hundredth of it.
    rows = np.zeros((1, FEATURE_DIM))
    steps = []
    for decay in (1.0, 1e-5):
        settings = replace(
            settings_of_visible_steps("regressor"),
            clip_gradient=1e-3,
            linear_wd=decay,
            mini_batch_size=1,
        )
        start = replace(arithmetic_parameters(), linear=np.ones(FEATURE_DIM))
        machine = ReferenceMachine(settings, start)
        machine.fit(rows, np.zeros(1))
        first_step = machine.parameters.linear[0] - 1.0
        g = min(decay, 1e-3)
        rate = settings.linear_lr * np.sqrt(0.001) / 0.1
        expected = -rate * 0.1 * g / (np.sqrt(0.001) * g + settings.eps)
        steps.append(first_step)
        assert first_step == pytest.approx(expected, rel=1e-9)
    assert steps[0] < 1.5 * steps[1] < 0.0


def test_lazy_update_leaves_untouched_features_and_their_state_alone() -> None:
    rows, labels = arithmetic_rows()
    rows[:, 2] = 0.0
    weights = np.ones(NUM_ROWS)
    rows[3, 4], weights[3] = 5.0, 0.0
    rows[np.arange(NUM_ROWS) != 3, 4] = 0.0  # held by a row without weight only
    settings = replace(settings_of_visible_steps("regressor"), lazy_update=True)
    machine = ReferenceMachine(settings, arithmetic_parameters())
    machine.fit(rows, labels, weights)
    start = arithmetic_parameters()
    unmoved = machine.parameters.linear == start.linear
    assert unmoved.tolist() == [False, False, True, False, True]
    assert (machine.parameters.factors == start.factors).all(axis=1).tolist() == unmoved.tolist()
    assert touched_features(rows, weights).tolist() == (~unmoved).tolist()


def test_step_count_is_global_for_a_feature_first_seen_late() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    settings = ReferenceSettings(
        predictor_type="regressor", mini_batch_size=1, linear_lr=0.5, linear_wd=0.0, eps=1e-200
    )
    start = Parameters(np.asarray(0.0), np.zeros(2), np.zeros((2, 1)))
    machine = ReferenceMachine(settings, start)
    machine.fit(rows, np.array([0.0, 0.0, 1.0]))
    third_rate = 0.5 * np.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    expected = third_rate * 0.1 / np.sqrt(0.001)  # the sign of -g, label above score
    assert machine.parameters.linear[1] == pytest.approx(expected, rel=1e-9)


def test_gradient_scale_of_a_partial_batch_is_that_of_a_full_one() -> None:
    rows, labels = arithmetic_rows()
    default = replace(settings_of_visible_steps("regressor"), mini_batch_size=5)
    explicit = replace(default, rescale_grad=1 / 5)
    of_true_size = replace(default, rescale_grad=1 / 2)
    results = []
    for settings in (default, explicit, of_true_size):
        machine = ReferenceMachine(settings, arithmetic_parameters())
        machine.fit(rows[:2], labels[:2])
        results.append(machine.parameters.linear)
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.allclose(results[0], results[2], rtol=1e-6)


def test_bias_and_linear_weights_stay_zero_when_switched_off() -> None:
    rows, labels = arithmetic_rows()
    settings = replace(settings_of_visible_steps("regressor"), use_bias=False, use_linear=False)
    machine = ReferenceMachine(settings, arithmetic_parameters())
    machine.fit(rows, labels)
    assert machine.parameters.bias == 0.0
    assert not machine.parameters.linear.any()
    assert not np.array_equal(machine.parameters.factors, arithmetic_parameters().factors)
