"""The SageMaker SDK's own class for factorization machines, on a platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import BUCKET, run, write_digits
from oracle.plain_sagemaker_artifact import read_plain_sagemaker

pytestmark = pytest.mark.platform

ONE_PROCESS = "One process trains as algo-1 on the data of all 2 hosts, algo-1, algo-2."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return folder


@pytest.fixture(scope="module")
def found(sdk_platform: RunningPlatform, folder: Path) -> dict[str, Any]:
    return run(sdk_platform, sdk_python(), "sdk_factorization_machines.py", folder)


def test_record_set_of_two_instances_trains_one_model(found: dict[str, Any]) -> None:
    prefix, *shards = found["manifest"]

    assert prefix["prefix"].startswith(f"s3://{BUCKET}/")
    assert shards == ["matrix_0.pbr", "matrix_1.pbr"]
    assert found["said"].count(ONE_PROCESS) == 1
    assert "algo-2 has no process of its own" in found["said"]
    assert "'feature_dim': '784'" in found["said"]
    assert "#quality_metric: host=algo-1, test binary_classification_accuracy" in found["said"]
    assert found["artifact"].endswith(f"/{found['name']}/output/model.tar.gz")


def test_session_describes_lists_and_finds_a_job(found: dict[str, Any]) -> None:
    asked = found["session"]
    description = asked["description"]

    assert description["TrainingJobStatus"] == "Completed"
    assert description["ResourceConfig"]["InstanceCount"] == 2
    assert description["RoleArn"].endswith(":role/PairloomExecutionRole")
    sources = [of["DataSource"]["S3DataSource"] for of in description["InputDataConfig"]]
    assert {of["S3DataType"] for of in sources} == {"ManifestFile"}
    assert {of["S3DataDistributionType"] for of in sources} == {"ShardedByS3Key"}
    assert asked["logs"].count(ONE_PROCESS) == 1
    assert asked["tags"] == [{"Key": "team", "Value": "digits"}]
    assert asked["searched"] == [found["name"]]


def test_attach_finds_a_job_again_and_wait_for_job_its_end(found: dict[str, Any]) -> None:
    assert found["attached"] == {
        "num_factors": 10,
        "instance_count": 2,
        "artifact": found["artifact"],
    }
    assert found["waited"] == "Completed"


def test_records_are_scored_as_the_formula_says_on_the_artifacts_arrays(
    found: dict[str, Any], folder: Path
) -> None:
    asked = np.load(folder / "digits.npz")["pixels"][:10].astype(np.float64)
    expected = {}
    for name in ("first-machine", "second-machine"):
        parameters = read_plain_sagemaker(folder / name / "model.tar.gz")
        assert parameters.factors.shape == (784, 10)
        every = np.arange(784)
        expected[name] = np.array([parameters.probability(every, row) for row in asked])
    first, second = expected["first-machine"], expected["second-machine"]
    assert np.abs(first - second).max() > 1e-3  # so that no test takes one for the other

    assert found["deployed"]["predictors"] == ["FactorizationMachinesPredictor"] * 2
    served = found["deployed"]["scores"]
    np.testing.assert_allclose(served["second"], second, atol=1e-6)
    np.testing.assert_allclose(served["one"], second[:1], atol=1e-6)
    np.testing.assert_allclose(served["existing"], second, atol=1e-6)
    np.testing.assert_allclose(served["first"], first, atol=1e-6)
    np.testing.assert_allclose(served["updated"], second, atol=1e-6)


def test_endpoints_are_deployed_updated_and_deleted(found: dict[str, Any]) -> None:
    deployed = found["deployed"]
    counts = [
        variant["CurrentInstanceCount"]
        for endpoint in (*deployed["endpoints"], deployed["updated"])
        for variant in endpoint["ProductionVariants"]
    ]

    assert counts == [1, 2, 2]
    # UpdateEndpoint brings a configuration of its own; the SDK leaves the earlier one where it is.
    assert deployed["updated"]["EndpointConfigName"] != "first-machine"
    assert deployed["left"] == ["configuration first-machine"]
