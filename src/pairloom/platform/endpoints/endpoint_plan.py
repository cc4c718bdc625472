"""What an endpoint's configuration asks for: variants, their models, what is captured."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pairloom.errors import UserError
from pairloom.platform.endpoints.model_source import model_source
from pairloom.platform.endpoints.variant import DEFAULT_STARTUP_SECONDS, DEFAULT_WEIGHT, Variant
from pairloom.platform.jobs.training_request import refuse_obeyed
from pairloom.platform.store import ResourceRecord, Store


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """What is to be served.

    Attributes
    ----------
    data_capture
        DataCaptureConfig of the configuration, or None.
    """

    config: str
    variants: tuple[Variant, ...]
    data_capture: dict[str, Any] | None


def planned(
    store: Store, config: str, desired: Mapping[str, Mapping[str, float]] | None
) -> EndpointPlan:
    """Return the plan of a configuration; weights and counts are those desired, where given.

    Raises
    ------
    UserError
        The configuration, or one of its models, is not there any more or cannot be served.
    """
    record = _there(store.endpoint_configs.get(config), "endpoint configuration", config)
    generation = secrets.token_hex(4)
    folders: dict[str, str] = {}
    variants = [
        _variant(store, asked, folders.setdefault(asked["ModelName"], f"{generation}-{number}"))
        for number, asked in enumerate(record.request["ProductionVariants"])
    ]
    return EndpointPlan(
        config,
        tuple(with_desired(variant, desired or {}) for variant in variants),
        record.request.get("DataCaptureConfig"),
    )


def with_desired(variant: Variant, desired: Mapping[str, Mapping[str, float]]) -> Variant:
    """Return a variant with the weight and the count that are asked for."""
    asked = desired.get(variant.name, {})
    weight, count = asked.get("weight"), asked.get("instance_count")
    return replace(
        variant,
        weight=variant.weight if weight is None else float(weight),
        instance_count=variant.instance_count if count is None else int(count),
    )


def _variant(store: Store, asked: Mapping[str, Any], folder: str) -> Variant:
    model = _there(store.models.get(asked["ModelName"]), "model", asked["ModelName"])
    try:
        source = model_source(model.request)
        refuse_obeyed(source.environment)
    except UserError as error:
        raise UserError(f"model {model.name!r}: {error}") from error
    weight = asked.get("InitialVariantWeight")
    return Variant(
        name=asked["VariantName"],
        model=model.name,
        folder=folder,
        artifact=source.artifact,
        environment=source.environment,
        weight=DEFAULT_WEIGHT if weight is None else float(weight),
        instance_count=asked.get("InitialInstanceCount") or 1,
        startup_seconds=asked.get("ContainerStartupHealthCheckTimeoutInSeconds")
        or DEFAULT_STARTUP_SECONDS,
    )


def _there(record: ResourceRecord | None, kind: str, name: str) -> ResourceRecord:
    if record is None:
        raise UserError(f"there is no {kind} {name!r} any more")
    return record
