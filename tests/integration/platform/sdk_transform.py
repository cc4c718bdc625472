"""The SageMaker SDK transforms files on a platform; run by the SDK's interpreter.

Usage: sdk_transform.py FOLDER, which holds `model.tar.gz`, `plain.csv` and `with-ids.csv`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import sagemaker
from sagemaker.model import Model
from sagemaker.transformer import Transformer

CSV = {"content_type": "text/csv", "split_type": "Line"}


def main(folder: str) -> None:
    """Print what the SDK said and found, as one JSON object."""
    session = sagemaker.Session()
    bucket = session.default_bucket()
    uris = {
        path.name: session.upload_data(str(path), bucket, "transform")
        for path in Path(folder).iterdir()
    }
    image = sagemaker.image_uris.retrieve("factorization-machines", session.boto_region_name)
    model = Model(image, uris["model.tar.gz"], sagemaker.get_execution_role(), name="fm",
                  sagemaker_session=session)  # fmt: skip
    transformer = model.transformer(
        1, "ml.m5.large", accept="text/csv", assemble_with="Line",
        output_path=f"s3://{bucket}/answers", strategy="MultiRecord", max_payload=6,
    )  # fmt: skip
    begin = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        transformer.transform(uris["plain.csv"], **CSV, wait=True, logs=True)
    seconds = time.monotonic() - begin
    name = transformer.latest_transform_job.name
    attached = Transformer.attach(name, sagemaker_session=session)
    transformer.transform(
        uris["with-ids.csv"], **CSV, input_filter="$[1:]", join_source="Input",
        output_filter="$[0,-1]", wait=True, logs=False,
    )  # fmt: skip
    transformer.stop_transform_job()  # it has ended, which the SDK takes well
    found: dict[str, Any] = {
        "seconds": seconds,
        "said": said.getvalue(),
        "attached": [attached.model_name, attached.accept, attached.assemble_with],
        "plain": _answers(session, bucket, "plain.csv"),
        "joined": _answers(session, bucket, "with-ids.csv"),
        "stopped": _stop(transformer, uris["plain.csv"]),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _answers(session: sagemaker.Session, bucket: str, name: str) -> list[str]:
    text: str = session.read_s3_file(bucket, f"answers/{name}.out")
    return text.splitlines()


def _stop(transformer: Transformer, uri: str) -> str:
    transformer.transform(uri, **CSV, wait=False)
    transformer.stop_transform_job(wait=False)
    client = boto3.client("sagemaker")
    name = transformer.latest_transform_job.name
    client.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    status: str = client.describe_transform_job(TransformJobName=name)["TransformJobStatus"]
    return status


if __name__ == "__main__":
    main(sys.argv[1])
