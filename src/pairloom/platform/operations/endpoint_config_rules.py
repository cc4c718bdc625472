"""What a CreateEndpointConfig request must be, beyond what the shapes of its members say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pairloom.errors import UserError
from pairloom.platform.endpoints.variant import DEFAULT_WEIGHT
from pairloom.platform.objectstore.objects import Location
from pairloom.platform.operations.hosting_fields import ENDPOINT_CONFIG_FIELDS
from pairloom.platform.operations.platform import Members
from pairloom.platform.operations.request_rules import check_fields, check_tags, refuse_twice
from pairloom.platform.protocol.errors import ApiError, validation_error

_MOST_INSTANCES: Final = 20


def check_endpoint_config(request: Members) -> None:
    """Refuse what can only fail later.

    Raises
    ------
    ApiError
        Naming the member and the rule.
    """
    check_fields(ENDPOINT_CONFIG_FIELDS, request)
    variants = request["ProductionVariants"]
    refuse_twice("ProductionVariants", (variant["VariantName"] for variant in variants))
    for variant in variants:
        for member in ("ModelName", "InitialInstanceCount"):
            if member not in variant:
                raise validation_error(
                    f"ProductionVariants: {variant['VariantName']!r} must have {member}"
                )
    check_weights(
        "InitialVariantWeight",
        (variant.get("InitialVariantWeight", DEFAULT_WEIGHT) for variant in variants),
    )
    check_instances(variant["InitialInstanceCount"] for variant in variants)
    _check_capture(request.get("DataCaptureConfig"))
    check_tags(request.get("Tags", []))


def check_weights(member: str, weights: Iterable[float]) -> None:
    """Refuse weights by which no variant would get a request."""
    if not any(weights):
        raise validation_error(f"{member} must be above 0 for one variant at least")


def check_instances(counts: Iterable[int]) -> None:
    """Refuse more processes than an endpoint may have."""
    asked = sum(counts)
    if asked > _MOST_INSTANCES:
        raise ApiError(
            "ResourceLimitExceeded",
            f"an endpoint has at most {_MOST_INSTANCES} instances here, each a process of this "
            f"machine; {asked} are asked for",
        )


def _check_capture(capture: Members | None) -> None:
    if capture is None:
        return
    try:
        Location.parse(capture["DestinationS3Uri"])
    except UserError as error:
        raise validation_error(f"DataCaptureConfig.DestinationS3Uri: {error}") from error
    modes = (option["CaptureMode"] for option in capture["CaptureOptions"])
    refuse_twice("DataCaptureConfig.CaptureOptions", modes)
