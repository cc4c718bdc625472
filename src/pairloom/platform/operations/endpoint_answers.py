"""Endpoints as DescribeEndpoint and ListEndpoints show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairloom.platform.operations import hosting_resources
from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.store import ResourceRecord


def described(platform: Platform, endpoint: ResourceRecord) -> Members:
    """Return an endpoint as DescribeEndpoint does; variants are there once they are served."""
    state = endpoint.state
    pending, desired = state.get("pending_config"), state.get("desired", {})
    deployment = state.get("deployment", endpoint.request.get("DeploymentConfig"))
    answer: Members = without_empty(
        {
            **summarized(platform, endpoint),
            "EndpointConfigName": state["config"],
            "ProductionVariants": [
                _variant(platform, variant, {} if pending else desired)
                for variant in state.get("variants") or []
            ],
            "DataCaptureConfig": _capture(endpoint),
            "FailureReason": state.get("failure_reason"),
            "LastDeploymentConfig": deployment,
            "PendingDeploymentSummary": pending
            and {
                "EndpointConfigName": pending,
                "ProductionVariants": [_pending(*variant) for variant in desired.items()],
            },
        }
    )
    return answer


def summarized(platform: Platform, endpoint: ResourceRecord) -> Members:
    """Return an endpoint as ListEndpoints does."""
    return {
        **hosting_resources.summarized(
            platform, platform.store.endpoints.kind, "Endpoint", endpoint
        ),
        "LastModifiedTime": endpoint.modified_at,
        "EndpointStatus": endpoint.status,
    }


def _variant(
    platform: Platform, variant: Mapping[str, Any], desired: Mapping[str, Mapping[str, Any]]
) -> Members:
    asked = desired.get(variant["name"], variant)
    return {
        "VariantName": variant["name"],
        "DeployedImages": _images(platform, variant["model"]),
        "CurrentWeight": variant["weight"],
        "DesiredWeight": asked["weight"],
        "CurrentInstanceCount": len(variant["routes"]),
        "DesiredInstanceCount": asked["instance_count"],
    }


def _images(platform: Platform, model_name: str) -> list[Members]:
    """Return the image of a variant's model, which may be gone while it is served."""
    model = platform.store.models.get(model_name)
    if model is None:
        return []
    container = model.request.get("PrimaryContainer") or model.request["Containers"][0]
    return [{"SpecifiedImage": container["Image"]}]


def _pending(name: str, desired: Mapping[str, Any]) -> Members:
    return {
        "VariantName": name,
        "DesiredWeight": desired["weight"],
        "DesiredInstanceCount": desired["instance_count"],
    }


def _capture(endpoint: ResourceRecord) -> Members | None:
    capture = endpoint.state.get("data_capture")
    if not capture:
        return None
    is_enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": is_enabled,
        "CaptureStatus": "Started" if is_enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": "",
    }
