"""Requests about models, endpoint configurations and endpoints, and what a runner makes of them."""

from __future__ import annotations

from typing import Any

from integration.platform_api import IMAGE
from pairloom.platform.store import Store

MODEL_DATA = "s3://bucket/output/fm/output/model.tar.gz"
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 50,
    "DestinationS3Uri": "s3://bucket/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
}


def model_request(name: str, **container: Any) -> dict[str, Any]:
    """Return a request as the SDK sends it; None leaves a member of the container out."""
    whole = {"Image": IMAGE, "Environment": {}, "ModelDataUrl": MODEL_DATA, **container}
    return {
        "ModelName": name,
        "PrimaryContainer": {key: value for key, value in whole.items() if value is not None},
        "ExecutionRoleArn": "arn:aws:iam::111122223333:role/PairloomExecutionRole",
    }


def variant(model: str, name: str = "AllTraffic", **members: Any) -> dict[str, Any]:
    """Return one production variant."""
    return {
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m4.xlarge",
        **members,
    }


def make_config(client: Any, name: str, *variants: dict[str, Any], **members: Any) -> str:
    """Make a model and a configuration of one name, and return the configuration's ARN."""
    client.create_model(**model_request(name))
    made = client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=list(variants) or [variant(name)], **members
    )
    arn: str = made["EndpointConfigArn"]
    return arn


def bring_into_service(store: Store, name: str) -> None:
    """Record what a runner does once every process of an endpoint answers."""
    state = store.endpoints.get(name).state  # type: ignore[union-attr]
    config = state.get("pending_config") or state["config"]
    request = store.endpoint_configs.get(config).request  # type: ignore[union-attr]
    variants = [
        {
            "name": one["VariantName"],
            "model": one["ModelName"],
            "routes": [
                {"host": "127.0.0.1", "port": 50_000 + index}
                for index in range(state["desired"][one["VariantName"]]["instance_count"])
            ],
            **state["desired"][one["VariantName"]],
        }
        for one in request["ProductionVariants"]
    ]
    store.endpoints.change(
        name,
        status="InService",
        config=config,
        pending_config=None,
        variants=variants,
        data_capture=request.get("DataCaptureConfig"),
    )
