"""Resolving hyperparameters: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import FrozenInstanceError
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairloom.errors import HyperparameterError
from pairloom.hyperparameters import TABLE, Hyperparameters, resolve, without_effect

REQUIRED: dict[str, object] = {
    "feature_dim": "784",
    "num_factors": "10",
    "predictor_type": "binary_classifier",
}
GROUPS = ("bias", "linear", "factors")
FLOAT32 = np.finfo(np.float32)

POSITIVE_INTEGERS = ("feature_dim", "num_factors", "epochs", "mini_batch_size")
NOT_NEGATIVE = tuple(f"{group}_{what}" for group in GROUPS for what in ("lr", "wd", "init_sigma"))


def refusal(**values: object) -> str:
    with pytest.raises(HyperparameterError) as caught:
        resolve({**REQUIRED, **values})
    return str(caught.value)


def read(name: str, value: object) -> object:
    return getattr(resolve({**REQUIRED, name: value}), name.lstrip("_"))


def test_text_and_typed_values_resolve_alike() -> None:
    text = resolve({**REQUIRED, "epochs": "3", "bias_lr": "1e-2", "use_bias": "false"})
    typed = resolve(
        {
            "feature_dim": np.int64(784),
            "num_factors": 10,
            "predictor_type": "binary_classifier",
            "epochs": np.uint8(3),
            "bias_lr": 0.01,
            "use_bias": False,
        }
    )
    assert text == typed
    assert (text.feature_dim, text.epochs, text.bias_lr, text.use_bias) == (784, 3, 0.01, False)


@pytest.mark.parametrize("name", POSITIVE_INTEGERS)
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "+1", "01", "1.0", "1e3", " 1", "1 ", "1_0", "", "abc", "\u0663", "2147483648"],
)
def test_integer_text_is_refused_when_not_plain_positive_digits(name: str, value: str) -> None:
    assert refusal(**{name: value}) == (
        f"{name}: {value!r} is refused; must be an integer from 1 to 2147483647"
    )


@pytest.mark.parametrize("value", [True, 1.0, 0, -1, 2**31, None, [1], b"1", Decimal(1)])
def test_integer_is_refused_when_type_or_range_is_wrong(value: object) -> None:
    assert "epochs: " in refusal(epochs=value)


@pytest.mark.parametrize("name", NOT_NEGATIVE)
@pytest.mark.parametrize(
    "value", ["-0.1", -1e-9, "nan", math.nan, "inf", math.inf, "1e39", 10**400]
)
def test_number_is_refused_when_negative_or_not_finite_in_float32(name: str, value: object) -> None:
    assert f"{name}: " in refusal(**{name: value})
    assert "must be a finite number >= 0" in refusal(**{name: value})


@pytest.mark.parametrize("name", ["eps", "clip_gradient"])
@pytest.mark.parametrize("value", ["0", 0, 0.0, "-0.0", -1.0, "1e-60", 1e-46])
def test_positive_number_is_refused_when_float32_would_hold_zero(name: str, value: object) -> None:
    assert "must be a finite number > 0" in refusal(**{name: value})


@pytest.mark.parametrize("value", ["1_0", " 1", "0x10", "1e", ".", "", "\u0661", "--1", True, 1j])
def test_number_is_refused_when_it_is_no_decimal(value: object) -> None:
    assert "bias_lr: " in refusal(bias_lr=value)


@pytest.mark.parametrize(
    ("value", "number"), [(".5", 0.5), ("5.", 5.0), ("+1E2", 100.0), (Fraction(1, 4), 0.25)]
)
def test_number_is_read_in_every_decimal_spelling(value: object, number: float) -> None:
    assert read("bias_lr", value) == number


@pytest.mark.parametrize("value", ["True", "true", True])
def test_flag_is_read_in_sagemakers_and_pythons_spelling(value: object) -> None:
    assert read("shuffle", value) is True


@pytest.mark.parametrize("value", ["yes", "1", 1, "TRUE", None, ""])
def test_flag_is_refused_when_it_is_another_word(value: object) -> None:
    assert "use_bias: " in refusal(use_bias=value)
    assert "must be true or false" in refusal(use_bias=value)


def test_choice_is_refused_with_the_words_allowed() -> None:
    assert refusal(_optimizer="nag") == (
        "_optimizer: 'nag' is refused; must be adam, adagrad, ftrl or sgd"
    )
    assert "must be normal, uniform or constant" in refusal(bias_init_method="xavier")
    assert "must be binary_classifier or regressor" in refusal(predictor_type="classifier")


@pytest.mark.parametrize(
    ("given_name", "nearest"),
    [("mini_batch_siz", "mini_batch_size"), ("epoch", "epochs"), ("optimizer", "_optimizer")],
)
def test_unknown_name_is_refused_with_the_nearest(given_name: str, nearest: str) -> None:
    assert refusal(**{given_name: 1}) == (
        f"{given_name!r}: unknown hyperparameter; did you mean {nearest}?"
    )


def test_unknown_name_is_refused_when_nothing_is_near() -> None:
    assert "no hyperparameter has a name like it" in refusal(zzzzzz="1")


def test_all_problems_are_reported_at_once_one_line_each() -> None:
    with pytest.raises(HyperparameterError) as caught:
        resolve({"epoch": 2, "num_factors": 0, "eps": "0", "factors_init_method": "constant"})
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "'epoch'",
        "feature_dim",
        "num_factors",
        "predictor_type",
        "eps",
        "factors_init_value",
    ]


@pytest.mark.parametrize("group", GROUPS)
def test_constant_start_is_refused_without_value(group: str) -> None:
    message = refusal(**{f"{group}_init_method": "constant"})
    assert f"{group}_init_value" in message
    assert f"{group}_init_method=constant" in message
    assert read(f"{group}_init_value", "-0.5") == -0.5


@pytest.mark.parametrize("group", GROUPS)
def test_uniform_start_takes_mxnets_scale_when_unset(group: str) -> None:
    uniform: dict[str, object] = {f"{group}_init_method": "uniform"}
    assert getattr(resolve({**REQUIRED, **uniform}), f"{group}_init_scale") == 0.07
    given_scale = {**REQUIRED, **uniform, f"{group}_init_scale": "0"}
    assert getattr(resolve(given_scale), f"{group}_init_scale") == 0.0
    assert getattr(resolve(REQUIRED), f"{group}_init_scale") is None


def test_none_leaves_unset_what_has_no_default() -> None:
    assert resolve({**REQUIRED, "eps": None, "bias_init_value": None}) == resolve(REQUIRED)


def test_names_without_effect_are_accepted_and_named() -> None:
    values = {
        **REQUIRED,
        "_num_gpus": "auto",
        "_tuning_objective_metric": "test:rmse",
        "_kvstore": 1,
        "bias_init_scale": "0.5",
        "linear_init_method": "uniform",
        "linear_init_scale": "0.5",
        "linear_init_sigma": "0.5",
    }
    resolve(values)
    assert without_effect(values) == (
        "bias_init_scale",
        "linear_init_sigma",
        "_kvstore",
        "_num_gpus",
        "_tuning_objective_metric",
    )


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        resolve(REQUIRED).epochs = 2  # type: ignore[misc]


def test_long_value_is_shortened_and_kept_on_one_line() -> None:
    for value in ("x" * 10_000, np.zeros((50, 50)), 10**5000):
        message = refusal(epochs=value)
        assert "\n" not in message
        assert len(message) < 200


@pytest.mark.parametrize("hash_bits", [1, 20, "20", 30])
def test_width_follows_from_hash_bits(hash_bits: object) -> None:
    values = {"num_factors": 1, "predictor_type": "regressor", "hash_bits": hash_bits}
    settings = resolve(values)
    assert settings.feature_dim == 2 ** int(str(hash_bits))
    assert resolve(settings.to_strings()) == settings
    assert resolve({**values, "feature_dim": settings.feature_dim}) == settings


def test_width_beside_hash_bits_is_refused_when_it_is_another() -> None:
    assert refusal(hash_bits="20") == (
        "feature_dim: 784 is refused; must be 1048576, 2^hash_bits, or left out"
    )
    for hash_bits in ("0", "31", 2.5):
        assert "must be an integer from 1 to 30" in refusal(hash_bits=hash_bits)


WORDS = {
    "predictor_type": ("binary_classifier", "regressor"),
    "untrained_features": ("initial", "zero"),
    "_optimizer": ("adam", "adagrad", "ftrl", "sgd"),
    "feature_table": ("auto", "fixed", "growing"),
    "factor_type": ("float32", "bfloat16"),
}


FLAGS = {
    "use_bias", "use_linear", "lazy_update", "shuffle", "early_stopping", "rowwise_state",
}  # fmt: skip


def valid_values(name: str) -> st.SearchStrategy[object]:
    """Draw a value that the rules as documented allow, as text or typed."""
    largest = float(FLOAT32.max)
    if name in {"clip_gradient", "eps"}:
        numbers = st.floats(float(FLOAT32.tiny), largest)
    elif name == "rescale_grad" or name.endswith("_init_value"):
        numbers = st.floats(-largest, largest)
    elif name == "plateau_factor":
        numbers = st.floats(float(FLOAT32.tiny), 1, exclude_max=True)
    else:
        numbers = st.floats(0, largest)
    from_zero = {"seed", "batch_ramp", "plateau_patience"}
    integers = st.integers(0 if name in from_zero else 1, 2**31 - 1)
    if name == "weight_feature":
        return st.text(min_size=1)
    if name in WORDS:
        return st.sampled_from(WORDS[name])
    if name.endswith("_init_method"):
        return st.sampled_from(["normal", "uniform"])
    if name in FLAGS:
        return st.sampled_from([True, False, "true", "false"])
    whole = {*from_zero, "batch_metrics_publish_interval", "early_stopping_patience"}
    if name in {*POSITIVE_INTEGERS, *whole}:
        return st.one_of(integers, integers.map(str))
    return st.one_of(numbers, numbers.map(repr))


VALID = st.fixed_dictionaries(
    {name: valid_values(name) for name in REQUIRED},
    optional={
        row.name: valid_values(row.name)
        for row in TABLE
        # hash_bits decides on the width, admission_count on two others
        if row.has_effect and row.name not in {*REQUIRED, "hash_bits", "admission_count"}
    },
).filter(
    lambda values: (
        (values.get("feature_table") != "growing" or "lazy_update" not in values)
        and (values.get("_optimizer") not in {"ftrl", "sgd"} or "rowwise_state" not in values)
    )
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.none()),
)


@given(VALID)
def test_resolved_settings_survive_text_and_json(values: dict[str, object]) -> None:
    settings = resolve(values)
    assert resolve(settings.to_strings()) == settings
    assert resolve(json.loads(json.dumps(settings.to_dict()))) == settings
    assert all(type(text) is str for text in settings.to_strings().values())


@given(VALID)
def test_given_values_are_kept(values: dict[str, object]) -> None:
    settings = resolve(values)
    for name, value in values.items():
        kept = getattr(settings, name.lstrip("_"))
        if isinstance(value, str) and isinstance(kept, bool):
            assert kept is (value == "true")
        else:
            assert kept == (type(kept)(value) if isinstance(value, str) else value)


@given(
    st.dictionaries(st.one_of(st.sampled_from([row.name for row in TABLE]), st.text()), ANYTHING)
)
def test_any_values_resolve_or_are_refused(values: dict[str, object]) -> None:
    with suppress(HyperparameterError):
        assert isinstance(resolve(values), Hyperparameters)
