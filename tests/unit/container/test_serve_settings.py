from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.container.serve import settings_of
from pairloom.errors import UserError

ROOT = Path("/opt/ml")


def test_defaults_are_those_of_a_real_time_endpoint_on_loopback() -> None:
    settings = settings_of(ROOT, {})
    assert settings.artifact == Path("/opt/ml/model/model_algo-1")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.max_payload_bytes == 6 * 1024 * 1024
    assert settings.execution_parameters["BatchStrategy"] == "MULTI_RECORD"


def test_the_largest_payload_is_the_batch_jobs_in_batch_alone() -> None:
    told = {"SAGEMAKER_MAX_PAYLOAD_IN_MB": "50"}
    assert settings_of(ROOT, told).max_payload_mebibytes == 6
    in_batch = settings_of(ROOT, {**told, "SAGEMAKER_BATCH": "true", "PAIRLOOM_WORKERS": "64"})
    assert in_batch.max_payload_mebibytes == 50
    assert in_batch.execution_parameters == {
        "MaxConcurrentTransforms": 2,  # that times 50 MB is all that a transform may send at once
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 50,
    }


@pytest.mark.parametrize("spelling", ["SINGLE_RECORD", "SingleRecord", "single_record"])
def test_batch_strategy_is_read_in_either_spelling(spelling: str) -> None:
    told = settings_of(ROOT, {"SAGEMAKER_BATCH_STRATEGY": spelling})
    assert told.batch_strategy == "SINGLE_RECORD"


def test_a_port_inside_the_safe_range_is_taken() -> None:
    told = {"SAGEMAKER_BIND_TO_PORT": "8999", "SAGEMAKER_SAFE_PORT_RANGE": "8000-8999"}
    assert settings_of(ROOT, told).port == 8999


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"SAGEMAKER_BIND_TO_PORT": "http"},
            "SAGEMAKER_BIND_TO_PORT: 'http' is refused; must be an integer",
        ),
        ({"SAGEMAKER_BIND_TO_PORT": "65536"}, "from 0 to 65535"),
        (
            {"SAGEMAKER_BIND_TO_PORT": "80", "SAGEMAKER_SAFE_PORT_RANGE": "8000-8999"},
            "SAGEMAKER_BIND_TO_PORT is 80, outside SAGEMAKER_SAFE_PORT_RANGE, 8000-8999",
        ),
        (
            {"SAGEMAKER_BIND_TO_PORT": "80", "SAGEMAKER_SAFE_PORT_RANGE": "many"},
            "SAGEMAKER_SAFE_PORT_RANGE is 'many'; expected two ports",
        ),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "101"}, "must be an integer from 1 to 100"),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}, "must be an integer from 1 to 100"),
        ({"SAGEMAKER_BATCH_STRATEGY": "ALL"}, "is 'ALL'; expected SINGLE_RECORD or MULTI_RECORD"),
        ({"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "-1"}, "must be an integer from 1"),
        ({"PAIRLOOM_WORKERS": "0"}, "PAIRLOOM_WORKERS: '0' is refused"),
    ],
)
def test_variables_that_break_a_rule_are_refused_by_name(
    told: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        settings_of(ROOT, told)
