"""The real SageMaker SDK, unmodified and in an environment of its own, on a platform."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mnist import load_mnist
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform, started_platform

pytestmark = pytest.mark.platform

ROLE = "arn:aws:iam::111122223333:role/PairloomExecutionRole"
BUCKET = "sagemaker-us-east-1-111122223333"
PROGRAMS = Path(__file__).parent


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with started_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


def run(platform: RunningPlatform, program: str, *arguments: str) -> dict[str, Any]:
    """Run a program by the SDK's interpreter; return the object that it printed last."""
    environment = {"SAGEMAKER_SUPPRESS_V2_WARNING": "1", "HOME": str(platform.folder)}
    ran = platform.pairloom(
        "run",
        str(sdk_python()),
        str(PROGRAMS / program),
        *arguments,
        environment={**os.environ, **environment},
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_session_finds_role_account_and_bucket(platform: RunningPlatform) -> None:
    found = run(platform, "sdk_session.py")

    assert found["role"] == found["expanded"] == ROLE
    assert found["account"] == "111122223333"
    assert found["bucket"] == BUCKET
    assert BUCKET in found["buckets"]
    assert found["uploaded"] == f"s3://{BUCKET}/folder/key"
    assert found["read"] == "text"
    assert found["files"] == ["folder/key"]
    assert found["seconds"] < 10


def test_estimator_trains_attaches_and_stops(platform: RunningPlatform, tmp_path: Path) -> None:
    part = load_mnist().train.slice(0, 5_000)
    np.savez(tmp_path / "rows.npz", pixels=part.pixels(), labels=part.zero_labels())
    found = run(platform, "sdk_training.py", str(tmp_path / "rows.npz"))

    assert found["seconds"] < 60
    assert found["artifact"].startswith(f"s3://{BUCKET}/output/")
    assert found["members"] == ["model_algo-1"]
    assert found["attached"]["num_factors"] == "10"
    assert "Training job completed" in found["said"] or "Completed" in found["said"]
    assert "#quality_metric" in found["said"]
    assert "Billable seconds:" in found["said"]
    assert found["description"]["TrainingJobStatus"] == "Completed"
    assert found["analytics"]
    assert found["stopped"] == "Stopped"
