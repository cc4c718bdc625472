"""The SageMaker SDK trains on a platform; run by the SDK's interpreter.

Usage: sdk_training.py ROWS.npz, which holds `pixels` and `labels`.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import tarfile
import time
from typing import Any

import boto3
import numpy as np
import sagemaker
import sagemaker.amazon.common as smac
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.inputs import TrainingInput

from integration.platform.digit_settings import HYPERPARAMETERS

EPOCH = re.compile(r"epoch=\d+, train binary_classification_accuracy")
TAIL_SECONDS = 18  # of which the first look at the job, which is young, takes 15


def main(rows: str) -> None:
    """Print what the SDK said and found, as one JSON object."""
    session = sagemaker.Session()
    bucket = session.default_bucket()
    train = upload(rows, bucket)
    estimator = estimator_of(session)
    begin = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        estimator.fit({"train": TrainingInput(train), "test": TrainingInput(train)}, logs="All")
    seconds = time.monotonic() - begin
    name = estimator.latest_training_job.name
    attached = Estimator.attach(name, sagemaker_session=session)
    found: dict[str, Any] = {
        "seconds": seconds,
        "said": said.getvalue(),
        "artifact": estimator.model_data,
        "members": _members(estimator.model_data),
        "attached": {key: str(value) for key, value in attached.hyperparameters().items()},
        "analytics": TrainingJobAnalytics(name).dataframe().to_dict("records"),
        "description": boto3.client("sagemaker").describe_training_job(TrainingJobName=name),
        **_stopped(session, train),
    }
    sys.stdout.write(json.dumps(found, default=str) + "\n")


def upload(rows: str, bucket: str) -> str:
    """Put rows into a bucket as recordio-protobuf; return the prefix."""
    loaded = np.load(rows)
    buffer = io.BytesIO()
    smac.write_numpy_to_dense_tensor(buffer, loaded["pixels"], loaded["labels"])
    buffer.seek(0)
    boto3.resource("s3").Bucket(bucket).Object("train/recordio-pb-data").upload_fileobj(buffer)
    return f"s3://{bucket}/train/"


def estimator_of(session: sagemaker.Session, **more: int) -> Estimator:
    """Return the plain Estimator of a factorization machine."""
    image = sagemaker.image_uris.retrieve("factorization-machines", session.boto_region_name)
    estimator = Estimator(
        image,
        sagemaker.get_execution_role(),
        instance_count=1,
        instance_type="ml.c4.xlarge",
        output_path=f"s3://{session.default_bucket()}/output",
        sagemaker_session=session,
    )
    estimator.set_hyperparameters(**{**HYPERPARAMETERS, **more})
    return estimator


def _members(artifact: str) -> list[str]:
    bucket, _, key = artifact.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return archive.getnames()


def _stopped(session: sagemaker.Session, train: str) -> dict[str, Any]:
    """Train without end, look at the log meanwhile, stop."""
    endless = estimator_of(session, epochs=100_000)
    endless.fit({"train": TrainingInput(train)}, wait=False)
    name = endless.latest_training_job.name
    client = boto3.client("sagemaker")
    while client.describe_training_job(TrainingJobName=name)["SecondaryStatus"] != "Training":
        time.sleep(0.2)
    tailed = _tailed(session, name)
    tailed["status"] = client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
    session.stop_training_job(name)
    client.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    stopped = client.describe_training_job(TrainingJobName=name)
    return {"tailed": tailed, "stopped": stopped["TrainingJobStatus"]}


def _tailed(session: sagemaker.Session, name: str) -> dict[str, Any]:
    """Follow the log of a job under way for a while, as `fit` does to its end."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as said,
        contextlib.suppress(
            UnexpectedStatusException  # the SDK's word for a job that has not ended
        ),
    ):
        session.logs_for_job(name, wait=True, poll=1, timeout=TAIL_SECONDS)
    lines = EPOCH.findall(said.getvalue())
    return {"lines": len(lines), "distinct": len(set(lines))}


if __name__ == "__main__":
    main(sys.argv[1])
