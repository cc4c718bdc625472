"""Which tuning jobs are refused, and what becomes of each field of a request."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from integration.platform_api import UNCHECKED, RunningApi, field_paths
from integration.tuning_requests import continuous, ranges, tuning_request
from pairloom.platform.protocol.services import operation_model
from pairloom.platform.tuning.child_request import child_request
from pairloom.platform.tuning.tuning_job_fields import TUNING_JOB_FIELDS
from pairloom.platform.tuning.tuning_request import read_tuning_request

METRIC = "test:binary_classification_cross_entropy"
LR = continuous("factors_lr", "1", "2")
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "untunable": (
        {"ParameterRanges": ranges(continuous("num_factors", "1", "2"))},
        r"untunable hyperparameters: \[num_factors\].* you can tune only \[bias_init_scale",
    ),
    "none": ({"ParameterRanges": ranges()}, "names no hyperparameter"),
    "twice": ({"ParameterRanges": ranges(LR, LR)}, "factors_lr is there more than once"),
    "static": (
        {"ParameterRanges": ranges(LR), "static": {"factors_lr": "1"}},
        "factors_lr is tuned and in StaticHyperParameters",
    ),
    "text": (
        {"ParameterRanges": ranges(continuous("factors_lr", "a", "1"))},
        "factors_lr: MinValue is 'a'; must be a finite number",
    ),
    "order": (
        {"ParameterRanges": ranges(continuous("factors_lr", "2", "1"))},
        "MinValue must not be greater",
    ),
    "bounds": (
        {"ParameterRanges": ranges(continuous("factors_lr", "0.1", "1000"))},
        "factors_lr: the range is 0.1 to 1000; must lie within 1e-08 to 512",
    ),
    "kind": (
        {"ParameterRanges": ranges(continuous("epochs", "1", "2"))},
        "epochs: its range must be one of IntegerParameterRanges",
    ),
    "reverse": (
        {"ParameterRanges": ranges(continuous("factors_lr", "0.1", "1", "ReverseLogarithmic"))},
        "ReverseLogarithmic scaling wants it from 0 on and below 1",
    ),
    "reverse-integer": (
        {
            "ParameterRanges": ranges(
                integers=[continuous("epochs", "1", "2", "ReverseLogarithmic")]
            )
        },
        "ReverseLogarithmic scaling is for continuous ranges",
    ),
    "logarithmic": (
        {"ParameterRanges": ranges(continuous("factors_lr", "0", "1", "Logarithmic"))},
        "Logarithmic scaling wants it above 0",
    ),
    "category": (
        {"ParameterRanges": ranges(categories={"factors_lr": ["0.1", "much"]})},
        "factors_lr: Values has 'much'; must be a finite number >= 0",
    ),
    "metric": (
        {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "test:rmse"}},
        r"\[test:rmse\], isn't one that .* for predictor_type 'binary_classifier'",
    ),
    "direction": (
        {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC}},
        r"\[Maximize\], isn't valid .*Choose \[Minimize\]",
    ),
    "channel": (
        {
            "HyperParameterTuningJobObjective": {
                "Type": "Minimize",
                "MetricName": METRIC.replace("test", "validation"),
            }
        },
        "measured on a channel 'validation'",
    ),
    "grid": ({"Strategy": "Grid"}, "factors_lr: the Grid strategy takes categorical ranges alone"),
    "grid-size": (
        {
            "Strategy": "Grid",
            "ParameterRanges": ranges(categories={"factors_lr": ["0.1", "0.2", "0.3"]}),
        },
        "MaxNumberOfTrainingJobs is 4; the grid has 3 combinations",
    ),
    "hyperband-resource": ({"Strategy": "Hyperband"}, "needs a MaxResource; there is no `epochs`"),
    "hyperband-stopping": (
        {
            "Strategy": "Hyperband",
            "static": {"epochs": "9"},
            "TrainingJobEarlyStoppingType": "Auto",
        },
        "TrainingJobEarlyStoppingType must be Off with the Hyperband strategy",
    ),
    "hyperband-order": (
        {
            "Strategy": "Hyperband",
            "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 9, "MaxResource": 3}},
        },
        "MinResource is 9, MaxResource 3",
    ),
    "strategy-config": (
        {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}}},
        "is for the Hyperband strategy; the strategy is Random",
    ),
    "jobs": ({"jobs": 751}, "MaxNumberOfTrainingJobs is 751; there may be at most 750"),
    "parallel": ({"parallel": 101}, "MaxParallelTrainingJobs is 101; there may be at most 100"),
    "no-limit": (
        {"ResourceLimits": {"MaxParallelTrainingJobs": 1}},
        "MaxNumberOfTrainingJobs is missing; without it, MaxRuntimeInSeconds or",
    ),
    "image": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "x/xgboost:1",
                "TrainingInputMode": "File",
            }
        },
        "is of repository 'xgboost'",
    ),
    "regex": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "factorization-machines",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "a", "Regex": r"(\d)\1"}],
            }
        },
        r"MetricDefinitions: the Regex of 'a' is refused: invalid escape sequence",
    ),
    "resources": (
        {"ResourceConfig": {}},
        "must have one of ResourceConfig and HyperParameterTuningResourceConfig; it has 0",
    ),
    "parent": (
        {
            "WarmStartConfig": {
                "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "nobody"}],
                "WarmStartType": "TransferLearning",
            }
        },
        "WarmStartConfig: there is no tuning job 'nobody'",
    ),
    "autotune": ({"Autotune": {"Mode": "Enabled"}}, "Autotune is not supported by Pairloom"),
    "auto-parameters": (
        {"ParameterRanges": {"AutoParameters": [{"Name": "factors_lr", "ValueHint": "1"}]}},
        "AutoParameters is not supported by Pairloom: give ranges",
    ),
    "definitions": (
        {"TrainingJobDefinitions": [tuning_request("x")["TrainingJobDefinition"]]},
        "TrainingJobDefinitions is not supported by Pairloom",
    ),
    "name": ({"HyperParameterTuningJobName": "n" * 33}, "length less than or equal to 32"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_request_that_breaks_a_rule_is_refused_by_name(case: str, api: RunningApi) -> None:
    members, message = REFUSED[case]
    unchecked = api.client("sagemaker", config=UNCHECKED)
    with pytest.raises(ClientError, match=message) as raised:
        unchecked.create_hyper_parameter_tuning_job(**tuning_request("refused", **members))
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert api.store.tuning_jobs.get("refused") is None


def test_every_field_of_the_request_has_a_fate() -> None:
    shape = operation_model("sagemaker", "CreateHyperParameterTuningJob").input_shape
    paths = list(field_paths(shape))
    assert "TrainingJobDefinition.InputDataConfig.DataSource.S3DataSource.S3Uri" in paths
    assert len(paths) > 150
    fields = TUNING_JOB_FIELDS
    assert [path for path in paths if fields.fate(path) is None] == []
    assert {*fields.honoured, *fields.ignored, *fields.refused} - set(paths) == set()


def test_every_honoured_field_of_a_definition_reaches_its_training_jobs() -> None:
    shape = operation_model("sagemaker", "CreateHyperParameterTuningJob").input_shape
    definition = shape.members["TrainingJobDefinition"]
    request = tuning_request("x")
    sent = request["TrainingJobDefinition"]
    for name in definition.members:
        sent.setdefault(name, {"S3Uri": f"given-{name}"})
    asked = read_tuning_request({**tuning_request("x"), "HyperParameterTuningJobName": "x"})
    made = child_request("child", sent, asked.objective, {"factors_lr": "0.5"})
    elsewhere = {
        "DefinitionName",  # named in the lists
        "HyperParameterTuningResourceConfig",  # becomes the ResourceConfig
        "StaticHyperParameters",  # becomes HyperParameters
        "TuningObjective", "HyperParameterRanges",  # refused
    }  # fmt: skip
    assert set(definition.members) - elsewhere == set(made) - {"TrainingJobName", "HyperParameters"}
    assert made["HyperParameters"]["factors_lr"] == "0.5"
    assert made["HyperParameters"]["num_factors"] == "2"
    assert made["CheckpointConfig"] == {"S3Uri": "given-CheckpointConfig/child"}


def test_first_of_several_instance_configurations_is_taken(client: Any) -> None:
    choices = [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": "ml.c4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    ]
    request = tuning_request("choices")
    definition = request["TrainingJobDefinition"]
    del definition["ResourceConfig"]
    definition["HyperParameterTuningResourceConfig"] = {"InstanceConfigs": choices}
    client.create_hyper_parameter_tuning_job(**request)
    asked = read_tuning_request(request)
    made = child_request("child", asked.definition, asked.objective, {})
    assert made["ResourceConfig"] == choices[0]
    job = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="choices")
    assert job["TrainingJobDefinition"]["ResourceConfig"] == choices[0]
