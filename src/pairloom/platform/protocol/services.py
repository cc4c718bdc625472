"""The services that are spoken here, by botocore's own models of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ServiceModel

SERVICES: Final = ("sagemaker", "sagemaker-runtime", "logs", "cloudwatch", "sts", "iam")


@cache
def service_model(service: str) -> Any:
    """Return botocore's model of a service."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def operation_model(service: str, operation: str) -> Any:
    """Return botocore's model of an operation, or None if the service has none of this name."""
    model = service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


@dataclass(frozen=True, slots=True)
class SigningNames:
    """The names of a service that requests to it carry."""

    service: str
    signing_name: str
    target_prefix: str
    version: str


@cache
def signing_names() -> tuple[SigningNames, ...]:
    """Return the names of every service."""
    models = ((service, service_model(service)) for service in SERVICES)
    return tuple(
        SigningNames(
            service,
            model.signing_name,
            model.metadata.get("targetPrefix", ""),
            model.api_version,
        )
        for service, model in models
    )
