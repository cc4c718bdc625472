"""The SageMaker SDK's class FactorizationMachines on a platform; run by the SDK's interpreter.

Usage: sdk_factorization_machines.py FOLDER, which holds `digits.npz`; the machines' artifacts are
brought there.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import sagemaker
from sagemaker import FactorizationMachines

from integration.platform.sdk_deployed_machines import deployed_machines


def main(folder: Path) -> None:
    """Print what the SDK said and found, as one JSON object."""
    loaded = np.load(folder / "digits.npz")
    session = sagemaker.Session()
    machine = FactorizationMachines(
        role="PairloomExecutionRole",
        instance_count=2,
        instance_type="ml.c5.xlarge",
        num_factors=10,
        predictor_type="binary_classifier",
        epochs=3,
        sagemaker_session=session,
        tags=[{"Key": "team", "Value": "digits"}],
    )
    channels = [
        machine.record_set(loaded["pixels"], loaded["labels"], channel=channel)
        for channel in ("train", "test")
    ]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        machine.fit(channels, mini_batch_size=200, logs="All")
    name, first = machine.latest_training_job.name, machine.model_data
    found: dict[str, Any] = {
        "name": name,
        "said": said.getvalue(),
        "manifest": _manifest(channels[0].s3_data),
        "artifact": first,
        "session": _asked_of_session(session, name),
        "attached": _attached(name, session),
    }
    machine.fit(channels[0], mini_batch_size=1000, wait=False)
    waited = session.wait_for_job(machine.latest_training_job.name, poll=1)
    found["waited"] = waited["TrainingJobStatus"]
    found["deployed"] = deployed_machines(machine, first, loaded["pixels"][:10], folder)
    sys.stdout.write(json.dumps(found, default=str) + "\n")


def _manifest(uri: str) -> list[Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    manifest: list[Any] = json.loads(content)
    return manifest


def _asked_of_session(session: sagemaker.Session, name: str) -> dict[str, Any]:
    description = session.describe_training_job(name)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        session.logs_for_job(name)
    matches = session.search(
        "TrainingJob",
        {"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": "digits"}]},
    )
    return {
        "description": description,
        "logs": said.getvalue(),
        "tags": session.list_tags(description["TrainingJobArn"]),
        "searched": [each["TrainingJob"]["TrainingJobName"] for each in matches["Results"]],
    }


def _attached(name: str, session: sagemaker.Session) -> dict[str, Any]:
    attached = FactorizationMachines.attach(name, sagemaker_session=session)
    return {
        "num_factors": int(attached.num_factors),
        "instance_count": attached.instance_count,
        "artifact": attached.model_data,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
