"""A store, an object store and a runner, each as the platform has them, for tests of jobs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from integration.platform.running_platform import all_arguments
from pairloom.batch import RowBatch
from pairloom.formats import write_recordio
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store, TrainingJobRecord
from unit.platform.objectstore.running_store import RunningStore

BUCKET = "jobs"
HYPERPARAMETERS = {
    "feature_dim": "6",
    "num_factors": "2",
    "predictor_type": "binary_classifier",
    "mini_batch_size": "50",
}


def small_rows(part: slice = slice(None)) -> RowBatch:
    """Return some of 200 dense rows whose label the first feature tells."""
    values = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)[part]
    labels = (values[:, 0] > 0).astype(np.float32)
    return RowBatch(feature_dim=6, values=values, labels=labels)


def many_rows(number: int) -> RowBatch:
    """Return dense rows of which no machine learns the labels whole: a tenth of them is wrong."""
    draw = np.random.default_rng(1)
    values = draw.normal(size=(number, 6)).astype(np.float32)
    labels = (values[:, 0] * values[:, 1] + values[:, 2] > 0) ^ (draw.random(number) < 0.1)
    return RowBatch(feature_dim=6, values=values, labels=labels.astype(np.float32))


def recordio(rows: RowBatch, folder: Path) -> bytes:
    path = folder / "rows.pbr"
    write_recordio(path, rows)
    return path.read_bytes()


def channel(name: str, uri: str, **source: Any) -> dict[str, Any]:
    """Return a channel of a request; `input_mode` and the rest belong to it."""
    of: dict[str, Any] = {}
    for key in ("InputMode", "ContentType", "ShuffleConfig"):
        if key in source:
            of[key] = source.pop(key)
    s3 = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": {**s3, **source}}, **of}


def request(*channels: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a request; `hyperparameters` are added to the usual ones."""
    hyperparameters = {**HYPERPARAMETERS, **members.pop("hyperparameters", {})}
    return {
        "AlgorithmSpecification": {"TrainingImage": "x/factorization-machines:1",
                                   "TrainingInputMode": "File"},
        "HyperParameters": hyperparameters,
        "InputDataConfig": list(channels),
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.c5.xlarge",
                           "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Environment": {"PAIRLOOM_REPORT": "false"},
        **members,
    }  # fmt: skip


@dataclass
class RunningJobs:
    """One platform without its API."""

    folder: Path
    objects: RunningStore
    runners: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = PlatformSettings(
            folder=self.folder, s3_endpoint=self.objects.store.url, port=1
        )
        self.settings.write()
        self.objects.keys.write(self.settings.keys_file)
        self.store = Store(self.settings.database_url)

    def close(self) -> None:
        for runner in self.runners:
            runner.kill()
            runner.wait()
        self.store.close()

    def start_runner(self, *before: str) -> subprocess.Popen[bytes]:
        """Start a runner, by a command that it is added to where one is given."""
        return self._start("jobs", *before)

    def start_tuner(self) -> subprocess.Popen[bytes]:
        """Start a tuner."""
        return self._start("tuning")

    def _start(self, module: str, *before: str) -> subprocess.Popen[bytes]:
        with (self.folder / "runner.log").open("ab") as log:
            runner = subprocess.Popen(
                [*before, sys.executable, "-m", f"pairloom.platform.{module}", str(self.folder)],
                stdout=log,
                stderr=log,
                env={**os.environ, "AWS_SECRET_ACCESS_KEY": "not for jobs"},
            )
        self.runners.append(runner)
        return runner

    def put(self, key: str, content: bytes) -> str:
        self.objects.client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def submit(self, name: str, *channels: dict[str, Any], **members: Any) -> str:
        self.store.create_training_job(name, request(*channels, **members))
        return name

    def job(self, name: str) -> TrainingJobRecord:
        record = self.store.training_job(name)
        assert record is not None
        return record

    def wait(
        self,
        name: str,
        until: Callable[[TrainingJobRecord], bool] = lambda job: job.has_ended,
        seconds: float = 120,
    ) -> TrainingJobRecord:
        deadline = time.monotonic() + seconds
        while not until(record := self.job(name)):
            assert time.monotonic() < deadline, (record, (self.folder / "runner.log").read_text())
            time.sleep(0.02)
        return record

    def log(self, name: str, host: str = "algo-1") -> list[str]:
        streams = self.store.log_streams(prefix=f"{name}/{host}-")
        assert len(streams) == 1
        return [event.message for event in self.store.log_events(streams[0].name)]

    def archive(self, uri: str) -> dict[str, bytes]:
        """Return the members of an archive in the object store, by name."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content = self.objects.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = ((member.name, archive.extractfile(member)) for member in archive)
            return {name: file.read() for name, file in members if file is not None}

    def processes(self, name: str) -> list[int]:
        """Return the processes, train program or guard, that work on a job."""
        return processes_on(self.settings.job_folder(name))


def statuses(record: TrainingJobRecord) -> list[str]:
    return [step.status for step in record.transitions]


def processes_on(root: Path) -> list[int]:
    """Return the processes that were started with a folder among their arguments."""
    return [pid for pid, arguments in all_arguments().items() if str(root) in arguments]
