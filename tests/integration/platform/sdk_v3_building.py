"""Version 3 of the SageMaker SDK builds models and deploys them by its ModelBuilder."""

from __future__ import annotations

import time
from typing import Any

from sagemaker.core.deserializers.base import JSONDeserializer
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.model_monitor.data_capture_config import DataCaptureConfig
from sagemaker.core.resources import Endpoint, Model, Tag
from sagemaker.core.serializers.base import JSONSerializer
from sagemaker.serve import ModelBuilder
from sagemaker.serve.batch_inference.batch_transform_inference_config import (
    BatchTransformInferenceConfig,
)
from sagemaker.train import ModelTrainer

INSTANCE = "ml.m5.large"
CAPTURED = "v3/captured"


def deploy_trained(trainer: ModelTrainer, image: str) -> dict[str, Any]:
    """Build and deploy what a trainer trained; the SDK waits and shows the endpoint's lines."""
    builder = ModelBuilder(model=trainer, image_uri=image, instance_type=INSTANCE)
    model = builder.build(model_name="built")
    endpoint = builder.deploy(endpoint_name="built", initial_instance_count=1)
    return {
        "model": model.model_arn,
        "artifact": model.primary_container.model_data_url,
        **_about(endpoint),
    }


def deploy_artifact(
    image: str, artifact: str, role: str, bucket: str, asked: dict[str, Any]
) -> dict[str, Any]:
    """Deploy an archive with data capture, find its endpoint again by its source, delete all."""

    def builder() -> ModelBuilder:
        return ModelBuilder(
            image_uri=image, s3_model_data_url=artifact, role_arn=role, instance_type=INSTANCE
        )

    first = builder()
    first.build(model_name="archived")
    endpoint = first.deploy(
        endpoint_name="archived",
        initial_instance_count=1,
        wait=False,
        data_capture_config=DataCaptureConfig(
            True, sampling_percentage=100, destination_s3_uri=f"s3://{bucket}/{CAPTURED}"
        ),
    )
    endpoint.wait_for_status("InService", poll=1)
    endpoint.serializer, endpoint.deserializer = JSONSerializer(), JSONDeserializer()
    answer = endpoint.invoke(body=asked, content_type="application/json", inference_id="asked")
    found = {
        "deployed": _about(endpoint),
        "answer": answer.body,
        "tags": [[tag.key, tag.value] for tag in Tag.get_all(resource_arn=endpoint.endpoint_arn)],
    }

    again = builder()
    again.build(model_name="archived-again", reuse_resources=True)
    reused = again.deploy(endpoint_name="archived-again", reuse_resources=True)
    found["reused"] = reused.endpoint_name
    batch = BatchTransformInferenceConfig(
        instance_type=INSTANCE, instance_count=1, output_path=f"s3://{bucket}/v3/batch"
    )
    transformer = again.deploy(inference_config=batch)
    found["transformer"] = [transformer.model_name, transformer.output_path]

    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    for name in ("archived", "archived-again"):
        Model.get(name).delete()
    found["left"] = [model.model_name for model in Model.get_all(name_contains="archived")]
    return found


def captured(session: Session, bucket: str) -> list[str]:
    """Return what the archive's endpoint captured, once it has come."""
    deadline = time.monotonic() + 90
    while not (keys := session.list_s3_files(bucket, CAPTURED)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return [line for key in keys for line in session.read_s3_file(bucket, key).splitlines()]


def _about(endpoint: Endpoint) -> dict[str, Any]:
    (variant,) = endpoint.production_variants
    return {
        "name": endpoint.endpoint_name,
        "status": endpoint.endpoint_status,
        "config": endpoint.endpoint_config_name,
        "variant": variant.variant_name,
        "instances": variant.current_instance_count,
    }
