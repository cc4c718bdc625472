"""Endpoints of a whole platform that is killed, ended and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.platform.running_endpoints import archive_of, model_of
from integration.platform.running_platform import (
    RunningPlatform,
    is_gone,
    started_platform,
    wait_until,
)

pytestmark = pytest.mark.platform

CREATE = """
import boto3, time
from pathlib import Path
s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
s3.create_bucket(Bucket="models")
s3.put_object(Bucket="models", Key="model.tar.gz", Body=Path({archive!r}).read_bytes())
sagemaker.create_model(
    ModelName="m",
    ExecutionRoleArn="arn:aws:iam::111122223333:role/PairloomExecutionRole",
    PrimaryContainer={{"Image": "x.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1",
                       "ModelDataUrl": "s3://models/model.tar.gz"}},
)
variants = [
    {{"VariantName": name, "ModelName": "m", "InitialInstanceCount": 1,
      "InstanceType": "ml.m4.xlarge", "InitialVariantWeight": weight}}
    for name, weight in (("A", 3.0), ("B", 1.0))
]
sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants)
sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
while sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] == "Creating":
    time.sleep(0.1)
"""
ASK = """
import boto3, json
runtime = boto3.client("sagemaker-runtime")
body = '{"instances": [{"features": [1.0, 0.0]}]}'
scores = [
    json.load(runtime.invoke_endpoint(
        EndpointName="e", Body=body, ContentType="application/json", TargetVariant=variant)["Body"])
    for variant in "AB"
]
endpoint = boto3.client("sagemaker").describe_endpoint(EndpointName="e")
weights = [variant["CurrentWeight"] for variant in endpoint["ProductionVariants"]]
print(endpoint["EndpointStatus"], weights, *(one["predictions"][0]["score"] for one in scores))
"""
ANSWERED = "InService [3.0, 1.0] 1.5 1.5"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    archive = tmp_path_factory.mktemp("model") / "model.tar.gz"
    archive.write_bytes(archive_of(model_of(1.5), archive.parent))
    with started_platform(tmp_path_factory.mktemp("platform")) as running:
        running.run_python(CREATE.format(archive=str(archive)))
        yield running


def serving_processes(platform: RunningPlatform) -> set[int]:
    root = f"{platform.folder}/endpoints/e/".encode()
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and root in arguments(entry)
    }


def arguments(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("name", ["api", "endpoints", "objectstore"])
def test_endpoint_answers_again_when_a_process_was_killed(
    platform: RunningPlatform, name: str
) -> None:
    killed = platform.kill(name)
    wait_until(lambda: platform.pids()[name] not in {killed, None})
    assert platform.run_python(ASK) == ANSWERED


def test_killed_supervisor_leaves_no_serving_process_and_the_endpoint_comes_back(
    platform: RunningPlatform,
) -> None:
    before = serving_processes(platform)
    assert before
    platform.kill("supervisor")
    wait_until(lambda: all(is_gone(pid) for pid in before))
    assert platform.up().returncode == 0
    assert platform.run_python(ASK) == ANSWERED


def test_endpoint_comes_back_when_the_platform_was_ended_in_order(
    platform: RunningPlatform,
) -> None:
    assert platform.pairloom("down").returncode == 0
    assert serving_processes(platform) == set()
    assert platform.up().returncode == 0
    assert platform.run_python(ASK) == ANSWERED
