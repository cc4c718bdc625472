"""Endpoint configurations: create, describe, list, delete."""

from __future__ import annotations

from typing import Final

from pairloom.platform.endpoints.variant import DEFAULT_WEIGHT
from pairloom.platform.operations.empty_members import without_empty
from pairloom.platform.operations.endpoint_config_rules import check_endpoint_config
from pairloom.platform.operations.hosting_resources import (
    existing,
    listed,
    make,
    remove,
    summarized,
)
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.store import ResourceRecord

_AS_GIVEN: Final = ("DataCaptureConfig", "ExecutionRoleArn", "VpcConfig", "MetricsConfig")


def create_endpoint_config(platform: Platform, request: Members) -> Members:
    """Keep a configuration: which models are served by how many processes."""
    check_endpoint_config(request)
    for variant in request["ProductionVariants"]:
        existing(platform, platform.store.models, variant["ModelName"])
    name = request["EndpointConfigName"]
    return {"EndpointConfigArn": make(platform, platform.store.endpoint_configs, name, request)}


def describe_endpoint_config(platform: Platform, request: Members) -> Members:
    """Tell all about a configuration."""
    config = existing(platform, platform.store.endpoint_configs, request["EndpointConfigName"])
    described: Members = without_empty(
        {
            **_summarized(platform, config),
            "ProductionVariants": [
                {"InitialVariantWeight": DEFAULT_WEIGHT, **variant}
                for variant in config.request["ProductionVariants"]
            ],
            **{name: config.request.get(name) for name in _AS_GIVEN},
            "EnableNetworkIsolation": config.request.get("EnableNetworkIsolation", False),
        }
    )
    return described


def list_endpoint_configs(platform: Platform, request: Members) -> Members:
    """List configurations by name and time."""
    configs, next_token = listed(platform.store.endpoint_configs, request)
    return {
        "EndpointConfigs": [_summarized(platform, config) for config in configs],
        "NextToken": next_token,
    }


def delete_endpoint_config(platform: Platform, request: Members) -> Members:
    """Forget a configuration; endpoints that it describes go on."""
    return remove(platform, platform.store.endpoint_configs, request["EndpointConfigName"])


def _summarized(platform: Platform, config: ResourceRecord) -> Members:
    return summarized(platform, platform.store.endpoint_configs.kind, "EndpointConfig", config)
