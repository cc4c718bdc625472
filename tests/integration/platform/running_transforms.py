"""Transform jobs on a store, an object store and a runner, and what their scores must be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from integration.platform.running_jobs import BUCKET, RunningJobs, processes_on
from oracle.reference_machine import Parameters, score
from pairloom import Model
from pairloom.hyperparameters import resolve
from pairloom.platform.operations import OPERATIONS, Platform
from pairloom.platform.store import ResourceRecord
from pairloom.platform.store.records import TRANSFORM_LOG_GROUP
from unit.platform.endpoints.archives import packed

IMAGE = "x.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1"
MODEL = "fm"
WIDTH, NUM_FACTORS = 6, 2
TOLERANCE = 1e-5
ENDED = {"Completed", "Failed", "Stopped"}

_RANDOM = np.random.default_rng(11)
BIAS = 0.5
LINEAR_WEIGHTS = _RANDOM.normal(size=WIDTH).astype(np.float32)
FACTORS = _RANDOM.normal(size=(WIDTH, NUM_FACTORS)).astype(np.float32)
ROWS = _RANDOM.normal(size=(40, WIDTH)).astype(np.float32)


def expected_scores(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the scores by float64 arithmetic that shares no code with the program."""
    parameters = Parameters(
        np.array(BIAS), LINEAR_WEIGHTS.astype(np.float64), FACTORS.astype(np.float64)
    )
    return score(parameters, rows.astype(np.float64))


def model_archive(folder: Path) -> bytes:
    """Return a regressor as a training job leaves it."""
    settings = {"feature_dim": WIDTH, "num_factors": NUM_FACTORS, "predictor_type": "regressor"}
    path = folder / "model_algo-1"
    Model.from_parameters(
        resolve(settings), bias=BIAS, linear_weights=LINEAR_WEIGHTS, factors=FACTORS
    ).save(path)
    return packed({path.name: path.read_bytes()})


def csv_of(rows: npt.NDArray[np.float32]) -> bytes:
    return "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()


def json_lines_of(rows: npt.NDArray[np.float32]) -> bytes:
    return b"".join(json.dumps({"features": row}).encode() + b"\n" for row in rows.tolist())


def json_of(rows: npt.NDArray[np.float32]) -> bytes:
    return json.dumps({"instances": [{"features": row} for row in rows.tolist()]}).encode()


def scores_of_lines(content: bytes) -> list[float]:
    return [json.loads(line)["score"] for line in content.splitlines()]


def transform_request(name: str, uri: str, output: str, **members: Any) -> dict[str, Any]:
    """Return a request for lines of JSON; `source` and `output` members go where they belong."""
    source = {"ContentType": "application/jsonlines", "SplitType": "Line"}
    source |= members.pop("source", {})
    data_type = source.pop("S3DataType", "S3Prefix")
    answers = {"Accept": "application/jsonlines", "AssembleWith": "Line"}
    answers |= members.pop("answers", {})
    return {
        "TransformJobName": name,
        "ModelName": MODEL,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}}, **source,
        },
        "TransformOutput": {"S3OutputPath": output, **answers},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **members,
    }  # fmt: skip


@dataclass
class RunningTransforms(RunningJobs):
    """One platform without its server: what the API does is done by calls."""

    def make_model(self, archive: bytes, name: str = MODEL, **container: Any) -> None:
        uri = self.put(f"models/{name}/model.tar.gz", archive)
        container = {"Image": IMAGE, "ModelDataUrl": uri, **container}
        self.store.models.create(name, {"ModelName": name, "PrimaryContainer": container})

    def transform(self, name: str, uri: str, **members: Any) -> str:
        """Create a job whose answers lie below `out/<name>/`; returns that key."""
        request = transform_request(name, uri, f"s3://{BUCKET}/out/{name}", **members)
        self.call("CreateTransformJob", request)
        return f"out/{name}/"

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return OPERATIONS["sagemaker", operation](Platform(self.settings, self.store), request)

    def transform_job(self, name: str) -> ResourceRecord:
        record = self.store.transform_jobs.get(name)
        assert record is not None
        return record

    def wait_for_transform(
        self,
        name: str,
        until: Callable[[ResourceRecord], bool] = lambda job: job.status in ENDED,
        seconds: float = 120,
    ) -> ResourceRecord:
        deadline = time.monotonic() + seconds
        while not until(record := self.transform_job(name)):
            assert time.monotonic() < deadline, (record, (self.folder / "runner.log").read_text())
            time.sleep(0.02)
        return record

    def outputs(self, prefix: str) -> dict[str, bytes]:
        """Return the objects below a prefix by the rest of their keys."""
        client = self.objects.client
        found = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {
            of["Key"].removeprefix(prefix): client.get_object(Bucket=BUCKET, Key=of["Key"])[
                "Body"
            ].read()
            for of in found
        }

    def transform_processes(self, name: str) -> list[int]:
        """Return the processes, transform program or guard, that work on a job."""
        return processes_on(self.settings.transforms_folder / name)

    def transform_log(self, name: str) -> list[str]:
        group = TRANSFORM_LOG_GROUP
        streams = [of.name for of in self.store.log_streams(group=group, prefix=f"{name}/")]
        assert len(streams) <= 1
        return [event.message for event in self.store.log_events(streams, group=group)]
