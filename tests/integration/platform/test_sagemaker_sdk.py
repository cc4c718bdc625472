"""The real SageMaker SDK, unmodified and in an environment of its own, on a platform."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import BUCKET, ROLE, run, write_digits

pytestmark = pytest.mark.platform


def test_session_finds_role_account_and_bucket(sdk_platform: RunningPlatform) -> None:
    found = run(sdk_platform, sdk_python(), "sdk_session.py")

    assert found["role"] == found["expanded"] == ROLE
    assert found["account"] == "111122223333"
    assert found["bucket"] == BUCKET
    assert BUCKET in found["buckets"]
    assert found["uploaded"] == f"s3://{BUCKET}/folder/key"
    assert found["read"] == "text"
    assert found["files"] == ["folder/key"]
    assert found["seconds"] < 10


def test_estimator_trains_attaches_and_stops(sdk_platform: RunningPlatform, tmp_path: Path) -> None:
    found = run(sdk_platform, sdk_python(), "sdk_training.py", write_digits(tmp_path))

    # Its first look at the job is answered at the end; the next would come 30 seconds later.
    job = found["description"]
    created, ended = (
        datetime.fromisoformat(job[name]) for name in ("CreationTime", "TrainingEndTime")
    )
    assert found["seconds"] < (ended - created).total_seconds() + 30
    assert found["artifact"].startswith(f"s3://{BUCKET}/output/")
    assert found["members"] == ["model_algo-1"]
    assert found["attached"]["num_factors"] == "10"
    assert "Training job completed" in found["said"] or "Completed" in found["said"]
    assert "#quality_metric" in found["said"]
    assert "Billable seconds:" in found["said"]
    assert found["description"]["TrainingJobStatus"] == "Completed"
    analytics = {each["metric_name"]: each["value"] for each in found["analytics"]}
    final = {of["MetricName"]: of["Value"] for of in found["description"]["FinalMetricDataList"]}
    accuracy = "test:binary_classification_accuracy"
    assert analytics[accuracy] == pytest.approx(final[accuracy], abs=1e-6)
    assert "train:binary_classification_accuracy" in analytics
    assert found["tailed"]["status"] == "InProgress"
    assert found["tailed"]["lines"] == found["tailed"]["distinct"] > 0
    assert found["stopped"] == "Stopped"
