"""All that a platform can have under way, made through its API, and what must become of it."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError

from integration.platform.running_endpoints import IMAGE, REQUEST, archive_of, model_of, variant
from integration.platform.running_jobs import BUCKET, channel, recordio, request, small_rows
from integration.platform.running_platform import RunningPlatform, wait_until
from integration.platform.running_transforms import (
    ROWS,
    TOLERANCE,
    expected_scores,
    json_lines_of,
    model_archive,
    scores_of_lines,
    transform_request,
)
from integration.tuning_requests import tuning_request
from pairloom.platform.store import Store, TrainingJobRecord

ROLE = "arn:aws:iam::111122223333:role/PairloomExecutionRole"
TRAIN = channel("train", f"s3://{BUCKET}/in/train")
BIAS = 1.5
EPOCHS = 3_000
NUM_FILES, FILE_REPEATS = 8, 100
NUM_CHILDREN = 3
_PART_BYTES = 5 << 20
_ENDED = {"Completed", "Failed", "Stopped"}
_SOON_SECONDS = 150


class WorkUnderWay:
    """One platform, its clients, and work that is named after the fault that meets it."""

    def __init__(self, platform: RunningPlatform, scratch: Path, *, served: bool = True) -> None:
        self.platform = platform
        self.store = Store(platform.settings.database_url)
        self.s3, self.sagemaker = platform.client("s3"), platform.client("sagemaker")
        self.runtime = platform.client("sagemaker-runtime")
        self._put_inputs(scratch)
        if served:
            self._serve()

    def close(self) -> None:
        self.store.close()
        for client in (self.s3, self.sagemaker, self.runtime):
            client.close()

    def _serve(self) -> None:
        self.make_model("fm", "models/fm.tar.gz")
        self.make_model("served", "models/served.tar.gz")
        self.sagemaker.create_endpoint_config(
            EndpointConfigName="served", ProductionVariants=[variant("A", "served")]
        )
        self.create_endpoint("served")

    def _put_inputs(self, scratch: Path) -> None:
        self.s3.create_bucket(Bucket=BUCKET)
        rows = recordio(small_rows(), scratch)
        for part in ("train", "test"):
            self.put(f"in/{part}/rows.pbr", rows)
        for number in range(NUM_FILES):
            self.put(f"lines/{number}.jsonl", json_lines_of(ROWS) * FILE_REPEATS)
        self.put("models/fm.tar.gz", model_archive(scratch))
        self.put("models/served.tar.gz", archive_of(model_of(BIAS), scratch))

    def put(self, key: str, content: bytes) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def make_model(self, name: str, key: str) -> None:
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{key}"}
        self.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container
        )

    # --- Endpoints ---

    def create_endpoint(self, name: str, config: str = "served") -> None:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    def endpoint(self, name: str) -> Any:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def endpoint_ending(self, name: str) -> Any:
        """Return an endpoint that has left the state Creating."""
        wait_until(lambda: self.endpoint(name)["EndpointStatus"] != "Creating", _SOON_SECONDS)
        return self.endpoint(name)

    def score(self, name: str) -> float:
        answer = self.runtime.invoke_endpoint(
            EndpointName=name, Body=json.dumps(REQUEST), ContentType="application/json"
        )
        with closing(answer["Body"]) as body:
            score: float = json.loads(body.read())["predictions"][0]["score"]
        return score

    # --- Jobs ---

    def submit(
        self, name: str, *channels: dict[str, Any], epochs: int = EPOCHS, **members: Any
    ) -> str:
        asked = request(*(channels or (TRAIN,)), hyperparameters={"epochs": str(epochs)}, **members)
        self.sagemaker.create_training_job(TrainingJobName=name, RoleArn=ROLE, **asked)
        return name

    def job(self, name: str) -> Any:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def job_ending(self, name: str) -> Any:
        wait_until(lambda: self.job(name)["TrainingJobStatus"] in _ENDED, _SOON_SECONDS)
        return self.job(name)

    def transform(self, name: str, uri: str, model: str = "fm", **members: Any) -> str:
        asked = transform_request(name, uri, f"s3://{BUCKET}/out/{name}", **members)
        self.sagemaker.create_transform_job(**{**asked, "ModelName": model})
        return name

    def transform_ending(self, name: str) -> Any:
        def described() -> Any:
            return self.sagemaker.describe_transform_job(TransformJobName=name)

        wait_until(lambda: described()["TransformJobStatus"] in _ENDED, _SOON_SECONDS)
        return described()

    def tune(self, name: str) -> str:
        asked = tuning_request(name, jobs=NUM_CHILDREN, parallel=2, static={"epochs": str(EPOCHS)})
        self.sagemaker.create_hyper_parameter_tuning_job(**asked)
        return name

    def tuning(self, name: str) -> Any:
        return self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)

    def tuning_ending(self, name: str) -> Any:
        wait_until(
            lambda: self.tuning(name)["HyperParameterTuningJobStatus"] in _ENDED, _SOON_SECONDS
        )
        return self.tuning(name)

    def children(self, name: str) -> list[str]:
        listed = self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )["TrainingJobSummaries"]
        return sorted(one["TrainingJobName"] for one in listed)

    # --- What is seen of jobs from within ---

    def log(self, name: str) -> list[str]:
        streams = [of.name for of in self.store.log_streams(prefix=f"{name}/")]
        return [of.message for of in self.store.log_events(streams)] if streams else []

    def record(self, name: str) -> TrainingJobRecord:
        record = self.store.training_job(name)
        assert record is not None
        return record

    def has_begun(self, name: str) -> bool:
        """Say whether a job's train program has said how its first epoch went."""
        return any("epoch=0," in line for line in self.log(name))

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [of["Key"].removeprefix(prefix) for of in listed]

    def get(self, key: str) -> bytes:
        with closing(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"]) as body:
            content: bytes = body.read()
        return content

    # --- What must hold of everything that has ended ---

    def check_job(self, name: str, epochs: int = EPOCHS) -> int:
        """See that a job was Completed once, wholly; returns how often its program began."""
        job = self.job_ending(name)
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
        assert steps.count("Completed") == 1
        assert sorted(self.keys(f"out/{name}/output/")) == ["model.tar.gz", "output.tar.gz"]
        with tarfile.open(fileobj=io.BytesIO(self.get(f"out/{name}/output/model.tar.gz"))) as model:
            assert model.getnames() == ["model_algo-1"]
        began: list[list[str]] = []
        for line in self.log(name):
            if "Final configuration" in line:
                began.append([])
            elif "#quality_metric" in line and "epoch=" in line:
                began[-1].append(line)
        record = self.record(name)
        assert 1 <= len(began) <= record.attempts, (name, len(began), record)
        numbers: set[int] = set()
        for lines in began:
            assert len(lines) == len(set(lines))
            told = {int(line.split("epoch=")[1].split(",")[0]) for line in lines}
            assert told == set(range(min(told), max(told) + 1)) if told else True
            numbers |= told
        assert numbers == set(range(epochs))
        return len(began)

    def check_transform(self, name: str) -> None:
        job = self.transform_ending(name)
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        names = [f"{number}.jsonl.out" for number in range(NUM_FILES)]
        assert sorted(self.keys(f"out/{name}/")) == names
        expected = np.tile(expected_scores(ROWS), FILE_REPEATS)
        for of in names:
            scores = scores_of_lines(self.get(f"out/{name}/{of}"))
            np.testing.assert_allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE)

    def check_tuning(self, name: str) -> None:
        job = self.tuning_ending(name)
        assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
        children = self.children(name)
        numbers = [int(child.split("-")[-2]) for child in children]
        assert numbers == list(range(1, NUM_CHILDREN + 1))
        assert job["BestTrainingJob"]["TrainingJobName"] in children
        for child in children:
            self.check_job(child)


@contextmanager
def work_on(
    platform: RunningPlatform, scratch: Path, *, served: bool = True
) -> Iterator[WorkUnderWay]:
    """Make what the work needs, with an endpoint in service if one is wanted."""
    work = WorkUnderWay(platform, scratch, served=served)
    try:
        yield work
    finally:
        work.close()


@contextmanager
def uploading(s3: Any, key: str, content: bytes) -> Iterator[Future[None]]:
    """Upload in parts, in a thread; the block begins once some bytes, not all, are on their way."""
    begun = threading.Event()
    parts = TransferConfig(
        multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=2
    )

    def upload() -> None:
        try:
            s3.upload_fileobj(
                io.BytesIO(content), BUCKET, key, Config=parts, Callback=lambda _: begun.set()
            )
        except (BotoCoreError, S3UploadFailedError):  # boto3 has a budget of retries for a client
            wait_until(lambda: _answers(s3), _SOON_SECONDS)
            s3.upload_fileobj(io.BytesIO(content), BUCKET, key, Config=parts)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(upload)
        assert begun.wait(30)
        yield future


def _answers(s3: Any) -> bool:
    try:
        s3.list_buckets()
    except BotoCoreError:
        return False
    return True


def until(holds: Callable[[], bool]) -> None:
    wait_until(holds, _SOON_SECONDS)
