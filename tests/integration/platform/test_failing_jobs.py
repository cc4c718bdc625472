"""Jobs that cannot succeed: each says why, by whom it can be mended, and where."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from integration.platform.running_jobs import BUCKET, RunningJobs, channel, statuses

pytestmark = pytest.mark.platform

TRAIN = channel("train", f"s3://{BUCKET}/in/train")
MANIFEST = {"S3DataType": "ManifestFile"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "no-objects": (
        channel("train", f"s3://{BUCKET}/in/nothing"), {},
        ["ClientError: channel train: there are no objects", "in/nothing"],
    ),
    "no-bucket": (
        channel("train", "s3://no-such-bucket/x"), {}, ["ClientError: channel train", "no-such-b"],
    ),
    "no-manifest": (
        channel("train", f"s3://{BUCKET}/none.manifest", **MANIFEST), {},
        ["ClientError: channel train", "none.manifest"],
    ),
    "no-output-bucket": (
        TRAIN, {"OutputDataConfig": {"S3OutputPath": "s3://no-such-bucket/out"}},
        ["ClientError: OutputDataConfig.S3OutputPath", "no-such-bucket"],
    ),
    "hyperparameter": (
        TRAIN, {"hyperparameters": {"num_factors": "few"}}, ["ClientError: ", "num_factors"],
    ),
    "obeyed-variable": (
        TRAIN, {"Environment": {"LD_PRELOAD": "x.so"}},
        ["ClientError: Environment: LD_PRELOAD is refused"],
    ),
    "pipe-without-objects": (
        channel("train", f"s3://{BUCKET}/in/nothing", InputMode="Pipe"), {},
        ["ClientError: channel train: there are no objects"],
    ),
}  # fmt: skip


def test_every_failure_names_who_can_mend_it_and_where(jobs: RunningJobs) -> None:
    jobs.start_runner()
    for name, (train, members, _) in CASES.items():
        jobs.submit(name, train, **members)
    for name, (_, _, expected) in CASES.items():
        record = jobs.wait(name)
        reason = record.results.get("failure_reason", "")
        assert record.status == record.secondary_status == "Failed"
        assert all(part in reason for part in expected), (name, reason)
        assert len(reason) <= 1024
        assert "Traceback" not in reason


def test_train_program_that_is_killed_fails_the_job(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("killed", TRAIN, hyperparameters={"epochs": "1000000"})
    jobs.wait("killed", lambda _: bool(jobs.store.metrics({"TrainingJobName": "killed"})))
    os.kill(max(jobs.processes("killed")), signal.SIGKILL)
    record = jobs.wait("killed")
    assert record.status == "Failed"
    assert "SIGKILL" in record.results["failure_reason"]


def test_job_waits_for_an_object_store_that_is_away(jobs: RunningJobs) -> None:
    jobs.start_runner()
    jobs.submit("patient", TRAIN)
    jobs.objects.kill()
    jobs.wait("patient", lambda job: "Downloading" in statuses(job))
    time.sleep(3)
    assert not jobs.job("patient").has_ended
    jobs.objects.start()
    assert jobs.wait("patient").status == "Completed"


def test_full_disk_is_the_reason_of_a_job_that_does_not_fit(jobs: RunningJobs) -> None:
    folder = jobs.settings.jobs_folder
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=18m none '{folder}' && exec \"$@\""
    jobs.start_runner("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    uri = jobs.put("large/rows.pbr", bytes(4 << 20))
    jobs.submit("large", channel("train", uri))
    record = jobs.wait("large")
    assert record.status == "Failed"
    reason = record.results["failure_reason"]
    assert reason.startswith("InternalServerError: the disk is full: the channels need 4,194,304")
    jobs.submit("fits", TRAIN)
    assert jobs.wait("fits").status == "Completed"
