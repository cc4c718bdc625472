"""The SageMaker SDK trains on sparse rows and asks about others; run by the SDK's interpreter.

Usage: sdk_sparse_rows.py FOLDER. The folder holds `train.npz` and `asked.npz`, matrices of SciPy,
`labels.npy`, and `hyperparameters.json`; `model.tar.gz` and `answers.json` are written there.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import sagemaker
import sagemaker.amazon.common as smac
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.predictor import Predictor
from sagemaker.serializers import JSONSerializer
from scipy import sparse

INSTANCES_OF_A_REQUEST = 500


def main(folder: Path) -> None:
    """Train, deploy, ask, delete."""
    session = sagemaker.Session()
    estimator = _trained(folder, session)
    name = estimator.latest_training_job.name
    predictor = estimator.deploy(1, "ml.m5.large", endpoint_name=name, wait=False)
    client = session.sagemaker_client
    every_second = {"Delay": 1, "MaxAttempts": 300}
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=every_second)

    asked = sparse.csr_matrix(sparse.load_npz(folder / "asked.npz"))
    (folder / "answers.json").write_text(json.dumps(_answers(predictor, asked)))
    predictor.delete_model()
    predictor.delete_endpoint()
    client.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=every_second)
    models = client.list_models(NameContains=name)["Models"]
    sys.stdout.write(json.dumps({"models": [model["ModelName"] for model in models]}) + "\n")


def _trained(folder: Path, session: sagemaker.Session) -> Estimator:
    bucket = session.default_bucket()
    rows = sparse.csr_matrix(sparse.load_npz(folder / "train.npz"))
    buffer = io.BytesIO()
    smac.write_spmatrix_to_sparse_tensor(buffer, rows, np.load(folder / "labels.npy"))
    buffer.seek(0)
    boto3.resource("s3").Bucket(bucket).Object("sparse/train").upload_fileobj(buffer)
    estimator = Estimator(
        sagemaker.image_uris.retrieve("factorization-machines", session.boto_region_name),
        sagemaker.get_execution_role(),
        instance_count=1,
        instance_type="ml.c5.xlarge",
        output_path=f"s3://{bucket}/sparse/output",
        sagemaker_session=session,
    )
    given = json.loads((folder / "hyperparameters.json").read_text())
    estimator.set_hyperparameters(feature_dim=rows.shape[1], **given)
    estimator.fit({"train": f"s3://{bucket}/sparse/train"})
    artifact = estimator.model_data.removeprefix(f"s3://{bucket}/")
    boto3.client("s3").download_file(bucket, artifact, str(folder / "model.tar.gz"))
    return estimator


def _answers(predictor: Predictor, asked: sparse.csr_matrix) -> list[dict[str, Any]]:
    predictor.serializer = JSONSerializer()
    predictor.deserializer = JSONDeserializer()
    answers = []
    for begin in range(0, asked.shape[0], INSTANCES_OF_A_REQUEST):
        part = asked[begin : begin + INSTANCES_OF_A_REQUEST]
        instances = [_instance(part[[row]]) for row in range(part.shape[0])]
        answers += predictor.predict({"instances": instances})["predictions"]
    return answers


def _instance(row: sparse.csr_matrix) -> dict[str, Any]:
    features = {
        "keys": row.indices.tolist(),
        "shape": [row.shape[1]],
        "values": row.data.tolist(),
    }
    return {"data": {"features": features}}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
