"""Models: create, describe, list, delete."""

from __future__ import annotations

from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.hosting_resources import (
    existing,
    listed,
    make,
    remove,
    summarized,
)
from pairloom.platform.operations.model_rules import check_model
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.store import ResourceRecord


def create_model(platform: Platform, request: Members) -> Members:
    """Keep a model: an image and an artifact."""
    check_model(request)
    return {"ModelArn": make(platform, platform.store.models, request["ModelName"], request)}


def describe_model(platform: Platform, request: Members) -> Members:
    """Tell all about a model."""
    model = existing(platform, platform.store.models, request["ModelName"])
    containers = model.request.get("Containers", [])
    primary = model.request.get("PrimaryContainer")
    described: Members = without_empty(
        {
            **_summarized(platform, model),
            "PrimaryContainer": primary and _container(primary),
            "Containers": [_container(container) for container in containers],
            "InferenceExecutionConfig": model.request.get("InferenceExecutionConfig"),
            "ExecutionRoleArn": model.request.get("ExecutionRoleArn"),
            "VpcConfig": model.request.get("VpcConfig"),
            "EnableNetworkIsolation": model.request.get("EnableNetworkIsolation", False),
        }
    )
    return described


def list_models(platform: Platform, request: Members) -> Members:
    """List models by name and time."""
    models, next_token = listed(platform.store.models, request)
    return {
        "Models": [_summarized(platform, model) for model in models],
        "NextToken": next_token,
    }


def delete_model(platform: Platform, request: Members) -> Members:
    """Forget a model; endpoints that serve it go on."""
    return remove(platform, platform.store.models, request["ModelName"])


def _summarized(platform: Platform, model: ResourceRecord) -> Members:
    return summarized(platform, platform.store.models.kind, "Model", model)


def _container(container: Members) -> Members:
    return {"Mode": "SingleModel", **container}
