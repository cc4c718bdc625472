"""Training jobs of two instances, asked for as clients of the platform do."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.platform.running_platform import RunningPlatform
from pairloom.batch import RowBatch
from pairloom.formats import write_recordio
from pairloom.hyperparameters import Hyperparameters
from pairloom.model import Model

BUCKET = "rows"
_TOLD = (
    *("feature_dim", "num_factors", "predictor_type", "_optimizer"),
    *("mini_batch_size", "linear_lr", "factors_lr", "epochs"),
)


@dataclass(frozen=True)
class InstanceJob:
    """A job on its way."""

    platform: RunningPlatform
    name: str

    def describe(self) -> dict[str, Any]:
        sagemaker = self.platform.client("sagemaker")
        job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=self.name)
        return job

    def wait_for_round(self, number: int) -> None:
        """Wait until training has committed this round, and say that it goes on."""
        rounds = self.platform.folder / "jobs" / self.name
        while not any(
            int(path.stem[6:]) >= number for path in rounds.rglob("workers/owner-0/round-*")
        ):
            job = self.describe()
            assert job["TrainingJobStatus"] == "InProgress", job
            time.sleep(0.05)

    def wait_for_end(self) -> None:
        deadline = time.monotonic() + 400
        while (job := self.describe())["TrainingJobStatus"] in ("InProgress", "Stopping"):
            assert time.monotonic() < deadline, job
            time.sleep(0.5)
        assert job["TrainingJobStatus"] == "Completed", job

    def log(self) -> str:
        """Return the lines of the first instance."""
        logs = self.platform.client("logs")
        named = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
        streams = logs.describe_log_streams(**named, logStreamNamePrefix=f"{self.name}/algo-1")
        stream = streams["logStreams"][0]["logStreamName"]
        events = logs.get_log_events(**named, logStreamName=stream)["events"]
        return "\n".join(event["message"] for event in events)

    def model(self, folder: Path) -> Model:
        uri = self.describe()["ModelArtifacts"]["S3ModelArtifacts"]
        s3 = self.platform.client("s3")
        body = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as members:
            members.extract("model_algo-1", folder, filter="data")
        return Model.load(folder / "model_algo-1")


def make_bucket(platform: RunningPlatform) -> None:
    platform.client("s3").create_bucket(Bucket=BUCKET)


def start_job(
    platform: RunningPlatform,
    name: str,
    shards: Iterable[RowBatch],
    hyperparameters: Hyperparameters,
    folder: Path,
    **environment: str,
) -> InstanceJob:
    """Upload the shards and ask for a job of two instances, each with a part of them."""
    s3 = platform.client("s3")
    for number, rows in enumerate(shards):
        path = folder / f"{number}.pbr"
        write_recordio(path, rows)
        s3.upload_file(str(path), BUCKET, f"{name}/{path.name}")
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{BUCKET}/{name}/",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    platform.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={
            "TrainingImage": "x/factorization-machines:1",
            "TrainingInputMode": "File",
        },
        RoleArn="arn:aws:iam::000000000000:role/any",
        HyperParameters={
            each: str(getattr(hyperparameters, each.removeprefix("_"))) for each in _TOLD
        },
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ResourceConfig={"InstanceCount": 2, "InstanceType": "ml.c5.xlarge", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        Environment={"PAIRLOOM_REPORT": "false", **environment},
    )
    return InstanceJob(platform, name)
