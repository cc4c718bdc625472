"""Jobs that cannot succeed: each says why, by whom it can be mended, and where."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.platform.running_jobs import BUCKET, RunningJobs, channel, recordio, statuses
from pairloom.batch import RowBatch

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
    assert reason.startswith("InternalServerError: the disk is full: the input needs 4,194,304")
    jobs.submit("fits", TRAIN)
    assert jobs.wait("fits").status == "Completed"


def wide_rows(folder: Path, number: int) -> bytes:
    """Return rows that hold so many features between them, each once."""
    rows = RowBatch(
        feature_dim=number,
        row_offsets=np.arange(0, number + 1, 100, dtype=np.int64),
        feature_ids=np.arange(number, dtype=np.int32),
        values=np.ones(number, np.float32),
        labels=np.arange(number // 100, dtype=np.float32) % 2,
    )
    return recordio(rows, folder)


def test_full_disk_within_a_job_names_what_was_written_and_the_runner_goes_on(
    jobs: RunningJobs, tmp_path: Path
) -> None:
    jobs.settings.jobs_folder.mkdir()
    mount = f"mount -t tmpfs -o size=19m none '{jobs.settings.jobs_folder}' && exec \"$@\""
    jobs.start_runner("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    train = channel("train", jobs.put("wide/rows.pbr", wide_rows(tmp_path, 100_000)))
    wide = {"feature_dim": "100000", "mini_batch_size": "1000", "epochs": "2"}
    names = {"model": "64", "archive": "22", "checkpoint": "15"}  # by what does not fit any more
    settings = {"PAIRLOOM_REPORT": "false", "PAIRLOOM_CHECKPOINT_EPOCHS": "1"}
    for name, num_factors in names.items():
        chosen = {**wide, "num_factors": num_factors}
        jobs.submit(name, train, hyperparameters=chosen, Environment=settings)
        jobs.wait(name)
    full = "InternalServerError: the disk is full: No space left on device after "
    for name, file in (("model", "model_algo-1"), ("archive", "model.tar.gz")):
        record = jobs.job(name)
        assert record.status == "Failed"
        reason = record.results["failure_reason"]
        assert reason.startswith(full), reason
        assert f" bytes of {file}, at " in reason
    assert jobs.job("checkpoint").status == "Completed", jobs.job("checkpoint")
    assert any("no checkpoint written, training goes on: the disk is full" in line
               for line in jobs.log("checkpoint"))  # fmt: skip
    jobs.submit("small", TRAIN)
    assert jobs.wait("small").status == "Completed"


def test_download_that_fills_the_disk_fails_its_job_alone(jobs: RunningJobs) -> None:
    limit = 'ulimit -f 4096; exec "$@"'  # no file of more than 2 MiB: the limit that a quota is too
    jobs.start_runner("sh", "-c", limit, "sh")
    uri = jobs.put("limited/rows.pbr", bytes(3 << 20))
    jobs.submit("limited", channel("train", uri))
    jobs.submit("beside", TRAIN)
    reason = jobs.wait("limited").results["failure_reason"]
    assert reason.startswith("InternalServerError: the disk is full: File too large after ")
    assert f" of 3,145,728 bytes of {uri}, at " in reason
    assert jobs.wait("beside").status == "Completed"
    assert not jobs.settings.job_folder("limited").exists()


def test_expression_that_others_search_for_without_end_delays_no_job(jobs: RunningJobs) -> None:
    jobs.start_runner()
    nested = {
        "TrainingImage": "x/factorization-machines:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "n", "Regex": "(a+)+!"}, {"Name": "last", "Regex": "(.*)"}],
    }
    long = {"_tuning_objective_metric": "a" * 2000}  # its log has it in one line
    jobs.submit("nested", TRAIN, AlgorithmSpecification=nested, hyperparameters=long)
    jobs.submit("beside", TRAIN)
    assert jobs.wait("beside").status == "Completed"
    assert jobs.wait("nested").status == "Completed"
    assert any("a" * 2000 in line for line in jobs.log("nested"))
