"""HyperparameterTuner of the real SageMaker SDK on a platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform
from integration.platform.sdk_programs import BUCKET, run, write_digits

pytestmark = pytest.mark.platform

RANGES = ["epochs", "factors_lr", "linear_lr"]


def test_tuner_fits_attaches_starts_warm_and_stops(
    sdk_platform: RunningPlatform, tmp_path: Path
) -> None:
    found = run(sdk_platform, sdk_python(), "sdk_tuning.py", write_digits(tmp_path, 3_000))

    assert found["status"] == "Completed"
    assert found["seconds"] < 120
    assert found["ranges"] == RANGES
    jobs = found["analytics"]
    assert len(jobs) == 4
    assert {job["TrainingJobStatus"] for job in jobs} == {"Completed"}
    assert all({*RANGES, "TrainingElapsedTimeSeconds"} <= job.keys() for job in jobs)
    best = min(jobs, key=lambda job: float(job["FinalObjectiveValue"]))
    assert found["best"] == best["TrainingJobName"]
    assert found["artifact"] == f"s3://{BUCKET}/output/{found['best']}/output/model.tar.gz"
    assert float(found["best_hyperparameters"]["linear_lr"]) == best["linear_lr"]
    assert found["attached"] == {
        "estimator": "FactorizationMachines",
        "ranges": RANGES,
        "best": found["best"],
        "max_jobs": 4,
    }
    assert found["description"]["ObjectiveStatusCounters"]["Succeeded"] == 4
    others = found["others"]
    parents = others.pop("transfer_parents")
    assert others.pop("attached_grid") == ["Grid", 2]
    # The SDK itself sends None then, which boto3 refuses before anybody is asked.
    assert "MaxNumberOfTrainingJobs, value: None" in others.pop("uncounted_grid")
    assert {kind: job["status"] for kind, job in others.items()} == dict.fromkeys(
        ["identical", "criteria", "hyperband", "grid"], "Completed"
    )
    assert others["identical"]["overall"]["TuningJobName"] in {found["name"], "identical"}
    assert sum(others["criteria"]["counters"].values()) < 20
    assert sum(others["hyperband"]["counters"].values()) == 3
    assert others["grid"]["counters"]["Completed"] == 2
    assert others["grid"]["best"]["TrainingJobName"].startswith("grid-00")
    assert parents == ["grid"]
    assert found["stopped"] == "Stopped"
