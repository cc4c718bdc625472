"""The table against SageMaker's names, defaults and ranges, written here once more by hand."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from pairloom.hyperparameters import BY_NAME, TABLE, Hyperparameters, resolve

ROOT = Path(__file__).resolve().parents[3]

SAGEMAKER_DEFAULT_CONFIGURATION = {
    "epochs": 1,
    "mini_batch_size": "1000",
    "use_bias": "true",
    "use_linear": "true",
    "bias_lr": "0.1",
    "linear_lr": "0.001",
    "factors_lr": "0.0001",
    "bias_wd": "0.01",
    "linear_wd": "0.001",
    "factors_wd": "0.00001",
    "bias_init_method": "normal",
    "bias_init_sigma": "0.01",
    "linear_init_method": "normal",
    "linear_init_sigma": "0.01",
    "factors_init_method": "normal",
    "factors_init_sigma": "0.001",
    "batch_metrics_publish_interval": "500",
    "_data_format": "record",
    "_kvstore": "auto",
    "_learning_rate": "1.0",
    "_log_level": "info",
    "_num_gpus": "auto",
    "_num_kv_servers": "auto",
    "_optimizer": "adam",
    "_tuning_objective_metric": "",
    "_use_full_symbolic": "true",
    "_wd": "1.0",
}
UNSET_IN_SAGEMAKER = {
    "clip_gradient",
    "eps",
    "rescale_grad",
    *(
        f"{group}_init_{what}"
        for group in ("bias", "linear", "factors")
        for what in ("scale", "value")
    ),
}
TUNABLE_IN_SAGEMAKER = {
    "epochs": (1, 1000),
    "mini_batch_size": (100, 10000),
    **{
        f"{group}_{what}": (1e-8, 512)
        for group in ("bias", "linear", "factors")
        for what in ("lr", "wd", "init_scale", "init_sigma", "init_value")
    },
}
REQUIRED = {"feature_dim": "784", "num_factors": "10", "predictor_type": "regressor"}


def test_table_defaults_equal_sagemakers_default_configuration() -> None:
    declared = {
        row.name: row.default
        for row in TABLE
        if row.origin != "pairloom" and row.default is not None
    }
    read = {
        name: BY_NAME[name].domain.read(value)
        for name, value in SAGEMAKER_DEFAULT_CONFIGURATION.items()
    }
    assert declared == read


def test_table_leaves_unset_what_sagemaker_leaves_unset() -> None:
    assert {
        row.name for row in TABLE if row.is_optional and row.origin != "pairloom"
    } == UNSET_IN_SAGEMAKER


def test_table_requires_what_sagemaker_requires() -> None:
    assert {row.name for row in TABLE if row.required} == set(REQUIRED)


def test_table_gives_sagemakers_tuning_ranges() -> None:
    declared = {
        row.name: (row.tuning_range.low, row.tuning_range.high)
        for row in TABLE
        if row.tuning_range is not None
    }
    assert declared == TUNABLE_IN_SAGEMAKER


def test_whole_default_configuration_is_accepted() -> None:
    assert resolve({**SAGEMAKER_DEFAULT_CONFIGURATION, **REQUIRED}) == resolve(REQUIRED)


def test_every_default_is_within_its_own_domain() -> None:
    for row in TABLE:
        if row.default is not None:
            assert row.domain.read(row.default) == row.default


def test_names_and_attributes_are_unique() -> None:
    assert len({row.name for row in TABLE}) == len({row.attribute for row in TABLE}) == len(TABLE)


def test_settings_have_one_attribute_per_effective_name() -> None:
    assert [field.name for field in fields(Hyperparameters)] == [
        row.attribute for row in TABLE if row.has_effect
    ]


def test_docs_name_every_hyperparameter() -> None:
    page = (ROOT / "docs/hyperparameters.md").read_text(encoding="utf-8")
    assert [row.name for row in TABLE if f"`{row.name}`" not in page] == []
