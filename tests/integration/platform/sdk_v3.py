"""Version 3 of the SageMaker SDK on a platform, whole; run by its interpreter.

Usage: sdk_v3.py FOLDER. The folder holds `rows.pbr`, digits to train on, and a few that are asked
for: `asked.pbr`, `asked.csv`, `dense.json`, `sparse.json`. `model.tar.gz` is brought there.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role

from integration.platform.sdk_v3_building import captured, deploy_artifact, deploy_trained
from integration.platform.sdk_v3_hosting import fail, host
from integration.platform.sdk_v3_jobs import transform, tune
from integration.platform.sdk_v3_training import (
    NO_REPORT,
    channels_of,
    train_by_resources,
    train_on_local_file,
    train_with_log,
    trainer_of,
)


def main(folder: Path) -> None:
    """Print what the SDK said and found, as one JSON object."""
    said = io.StringIO()
    logger = logging.getLogger("sagemaker")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler(said))
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        found = _everything(folder, said)
    found["shown"] = shown.getvalue()
    sys.stdout.write(json.dumps(found, default=str) + "\n")


def _everything(folder: Path, said: io.StringIO) -> dict[str, Any]:
    session = Session()
    bucket, role = session.default_bucket(), get_execution_role()
    client = boto3.client("s3")
    for name, key in (
        ("rows.pbr", "train/rows.pbr"),
        ("asked.csv", "asked.csv"),
        ("asked.csv", "broken.tar.gz"),
    ):
        client.upload_file(str(folder / name), bucket, f"v3/{key}")
    train = f"s3://{bucket}/v3/train/"
    image = image_uris.retrieve("factorization-machines", session.boto_region_name)
    trainer = trainer_of(image, "digits")
    trained = train_with_log(trainer, train, said)
    artifact = trained["artifact"]
    client.download_file(
        bucket, artifact.removeprefix(f"s3://{bucket}/"), str(folder / "model.tar.gz")
    )
    with ThreadPoolExecutor() as beside:
        # It sleeps for half a minute before it looks at its endpoint.
        deployed = beside.submit(deploy_trained, trainer, image)
        found = {
            "image": image,
            "role": role,
            "bucket": bucket,
            "trained": trained,
            "local": train_on_local_file(image, str(folder / "rows.pbr")),
            "resources": train_by_resources(train, role, f"s3://{bucket}/v3/output", said),
            "hosted": host(image, artifact, role, folder),
            "failure": fail(image, f"s3://{bucket}/v3/broken.tar.gz", role),
            "archived": deploy_artifact(
                image, artifact, role, bucket, json.loads((folder / "dense.json").read_text())
            ),
            "tuned": tune(trainer_of(image, "tuned", environment=NO_REPORT), channels_of(train)),
            "built": deployed.result(),
        }
    found["transformed"] = transform(
        "built", f"s3://{bucket}/v3/asked.csv", f"s3://{bucket}/v3/out"
    )
    found["captured"] = captured(session, bucket)
    found["session"] = _asked_of_session(session, bucket, role, found["built"]["artifact"], image)
    return found


def _asked_of_session(
    session: Session, bucket: str, role: str, artifact: str, image: str
) -> dict[str, Any]:
    container = {"Image": image, "ModelDataUrl": artifact}
    return {
        "account": session.account_id(),
        "role": session.expand_role(role.rpartition("/")[2]),
        "uploaded": session.upload_string_as_file_body("text", bucket, "v3/key"),
        "read": session.read_s3_file(bucket, "v3/key"),
        "files": session.list_s3_files(bucket, "v3/key"),
        "models": [session.create_model("twice", role, container) for _ in range(2)],
        "serving": [session.endpoint_in_service_or_not(name) for name in ("built", "none")],
        "deleted": [
            session.delete_model("twice"),
            session.delete_endpoint("built"),
            session.delete_endpoint_config("built"),
            session.delete_model("built"),
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
