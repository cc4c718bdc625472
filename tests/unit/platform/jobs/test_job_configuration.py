"""What a job's process is told beside its files."""

from __future__ import annotations

from typing import Any

import pytest

from pairloom.container.environment import ONE_PROCESS, RAY_ADDRESS
from pairloom.platform.jobs.job_configuration import environment_of
from pairloom.platform.jobs.training_request import read_request


def environment(instance_count: int, ray_address: str, **given: str) -> dict[str, str]:
    request: dict[str, Any] = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceCount": instance_count},
        "Environment": given,
    }
    return environment_of(read_request("job", request), "arn", ray_address)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")


def test_job_of_one_instance_hears_of_no_ray() -> None:
    told = environment(1, "10.0.0.5:6379")
    assert not {ONE_PROCESS, RAY_ADDRESS, "RAY_AUTH_MODE"} & told.keys()


def test_job_of_several_instances_joins_the_ray_of_the_platform_with_its_token() -> None:
    told = environment(2, "10.0.0.5:6379")
    assert told[ONE_PROCESS] == "true"
    assert told[RAY_ADDRESS] == "10.0.0.5:6379"
    assert told["RAY_AUTH_MODE"] == "token"


def test_request_cannot_name_the_ray_that_is_joined() -> None:
    told = environment(2, "", PAIRLOOM_RAY_ADDRESS="192.0.2.1:6379")
    assert told[RAY_ADDRESS] == ""
    assert "RAY_AUTH_MODE" not in told
