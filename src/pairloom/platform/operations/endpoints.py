"""Endpoints: create, describe, list, update, delete; a runner brings them about."""

from __future__ import annotations

from typing import Any, Final

from pairloom.platform.endpoints.variant import DEFAULT_WEIGHT
from pairloom.platform.operations.endpoint_answers import described, summarized
from pairloom.platform.operations.endpoint_config_rules import check_instances, check_weights
from pairloom.platform.operations.hosting_fields import (
    ENDPOINT_FIELDS,
    ENDPOINT_UPDATE_FIELDS,
    WEIGHTS_FIELDS,
)
from pairloom.platform.operations.hosting_resources import absent, existing, listed, make
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.request_rules import check_fields, check_tags, refuse_twice
from pairloom.platform.operations.tags import forget_tags
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.store import ConflictError, NotFoundError, ResourceRecord

_IN_SERVICE: Final = frozenset({"InService"})
# SageMaker lets nobody delete an endpoint that is being made or changed; there is no reason here.
_MAY_GO: Final = frozenset({"Creating", "InService", "Updating", "RollingBack", "Failed"})
# What UpdateEndpoint calls the parts of `desired`.
_RETAINED: Final = {"DesiredWeight": "weight", "DesiredInstanceCount": "instance_count"}


def create_endpoint(platform: Platform, request: Members) -> Members:
    """Ask for an endpoint of a configuration."""
    check_fields(ENDPOINT_FIELDS, request)
    check_tags(request.get("Tags", []))
    config = _config(platform, request)
    arn = make(
        platform,
        platform.store.endpoints,
        request["EndpointName"],
        request,
        status="Creating",
        config=config.name,
        desired=_desired(config),
    )
    return {"EndpointArn": arn}


def describe_endpoint(platform: Platform, request: Members) -> Members:
    """Tell all about an endpoint."""
    endpoint = existing(platform, platform.store.endpoints, request["EndpointName"])
    return described(platform, endpoint)


def list_endpoints(platform: Platform, request: Members) -> Members:
    """List endpoints by name, status and time."""
    endpoints, next_token = listed(platform.store.endpoints, request)
    return {
        "Endpoints": [summarized(platform, endpoint) for endpoint in endpoints],
        "NextToken": next_token,
    }


def update_endpoint(platform: Platform, request: Members) -> Members:
    """Ask for another configuration; what is served goes on until the new processes answer."""
    check_fields(ENDPOINT_UPDATE_FIELDS, request)
    endpoint = existing(platform, platform.store.endpoints, request["EndpointName"])
    config = _config(platform, request)
    excluded = {
        one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", [])
    }
    retains = request.get("RetainAllVariantProperties", False)
    kept = set(_RETAINED) - excluded if retains else set()
    desired = _desired(config)
    for variant, before in endpoint.state.get("desired", {}).items():
        if variant in desired:
            desired[variant] |= {_RETAINED[name]: before[_RETAINED[name]] for name in kept}
    check_instances(variant["instance_count"] for variant in desired.values())
    deployment = request.get("DeploymentConfig")
    if deployment is None and request.get("RetainDeploymentConfig"):
        deployment = endpoint.state.get("deployment", endpoint.request.get("DeploymentConfig"))
    return _change(
        platform,
        endpoint.name,
        pending_config=config.name,
        desired=desired,
        deployment=deployment,
        retains_data_capture=retains and "DataCaptureConfig" not in excluded,
    )


def update_endpoint_weights_and_capacities(platform: Platform, request: Members) -> Members:
    """Ask for other weights and counts of processes."""
    check_fields(WEIGHTS_FIELDS, request)
    endpoint = existing(platform, platform.store.endpoints, request["EndpointName"])
    wanted = request["DesiredWeightsAndCapacities"]
    refuse_twice("DesiredWeightsAndCapacities", (one["VariantName"] for one in wanted))
    desired = {name: dict(one) for name, one in endpoint.state["desired"].items()}
    for one in wanted:
        name = one["VariantName"]
        if name not in desired:
            raise validation_error(
                f"DesiredWeightsAndCapacities: {name!r} is no variant of endpoint "
                f"{endpoint.name!r}; its variants are {', '.join(desired)}"
            )
        if one.get("DesiredInstanceCount", 1) < 1:
            raise validation_error(
                f"DesiredWeightsAndCapacities: DesiredInstanceCount of {name!r} is "
                f"{one['DesiredInstanceCount']}; must be at least 1"
            )
        desired[name] |= {_RETAINED[member]: one[member] for member in _RETAINED if member in one}
    check_weights("DesiredWeight", (one["weight"] for one in desired.values()))
    check_instances(one["instance_count"] for one in desired.values())
    return _change(platform, endpoint.name, desired=desired)


def delete_endpoint(platform: Platform, request: Members) -> Members:
    """Ask for an endpoint's end."""
    name = request["EndpointName"]
    try:
        platform.store.endpoints.change(name, only_if=_MAY_GO, status="Deleting")
    except NotFoundError:
        raise absent(platform, platform.store.endpoints, name) from None
    except ConflictError as error:
        raise _in_progress(_arn(platform, name)) from error
    forget_tags(platform, _arn(platform, name))
    return {}


def _change(platform: Platform, name: str, **state: Any) -> Members:
    """Ask the runner for a change of an endpoint in service."""
    endpoints, arn = platform.store.endpoints, _arn(platform, name)
    try:
        endpoints.change(name, only_if=_IN_SERVICE, status="Updating", **state)
    except NotFoundError:
        raise absent(platform, endpoints, name) from None
    except ConflictError as error:
        endpoint = endpoints.get(name)
        if endpoint is not None and endpoint.status == "Failed":
            raise validation_error(
                f'Cannot update failed endpoint "{arn}": it can be deleted alone.'
            ) from error
        raise _in_progress(arn) from error
    return {"EndpointArn": arn}


def _in_progress(arn: str) -> ApiError:
    return validation_error(f'Cannot update in-progress endpoint "{arn}".')


def _config(platform: Platform, request: Members) -> ResourceRecord:
    """Return the configuration that is asked for, whose models must all be there."""
    config = existing(platform, platform.store.endpoint_configs, request["EndpointConfigName"])
    for variant in config.request["ProductionVariants"]:
        existing(platform, platform.store.models, variant["ModelName"])
    return config


def _desired(config: ResourceRecord) -> dict[str, dict[str, Any]]:
    return {
        variant["VariantName"]: {
            "weight": variant.get("InitialVariantWeight", DEFAULT_WEIGHT),
            "instance_count": variant["InitialInstanceCount"],
        }
        for variant in config.request["ProductionVariants"]
    }


def _arn(platform: Platform, name: str) -> str:
    return platform.settings.arn("endpoint", name)
