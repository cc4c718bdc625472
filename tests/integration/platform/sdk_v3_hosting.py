"""Version 3 of the SageMaker SDK hosts models by its core resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, Tag
from sagemaker.core.shapes import (
    ContainerDefinition,
    DesiredWeightAndCapacity,
    ModelDataSource,
    ProductionVariant,
    S3ModelDataSource,
)
from sagemaker.core.shapes import Tag as TagShape
from sagemaker.core.utils.exceptions import FailedStatusError

JSON, RECORDIO = "application/json", "application/x-recordio-protobuf"
NAME = "resource"


def host(image: str, artifact: str, role: str, folder: Path) -> dict[str, Any]:
    """Serve an archive as two variants, change the endpoint in every way, delete all."""
    models = _models(image, artifact, role)
    configs = [
        _config(f"{NAME}-two", {"one": models[0], "two": models[1]}),
        _config(f"{NAME}-single", {"single": models[1]}),
    ]
    endpoint = Endpoint.create(
        endpoint_name=NAME,
        endpoint_config_name=configs[0].endpoint_config_name,
        tags=[TagShape(key="team", value="digits")],
    )
    created = endpoint.endpoint_status
    endpoint.wait_for_status("InService", poll=1)
    found = {
        "created": created,
        "got": Endpoint.get(NAME).endpoint_arn,
        "listed": [each.endpoint_name for each in Endpoint.get_all(name_contains=NAME)],
        "configs": [
            each.endpoint_config_name
            for each in EndpointConfig.get_all(
                name_contains=NAME, sort_by="Name", sort_order="Ascending"
            )
        ],
        "models": sorted(each.model_name for each in Model.get_all(name_contains=NAME)),
        "answers": _answers(endpoint, folder),
        "refused": [
            _refusal(lambda: endpoint.invoke(body="{", content_type=JSON)),
            _refusal(lambda: endpoint.invoke(body="{}", content_type=JSON, target_variant="none")),
            _refusal(lambda: endpoint.invoke_async(input_location="s3://bucket/key")),
            _refusal(lambda: endpoint.invoke_with_response_stream(body="{}", content_type=JSON)),
        ],
        "tags": _tags(endpoint),
    }
    found["changed"] = _changed(endpoint)
    found["left"] = _deleted(endpoint, configs, models)
    return found


def fail(image: str, not_an_archive: str, role: str) -> str:
    """Return why an endpoint on an object that is no archive fails; delete it."""
    container = ContainerDefinition(image=image, model_data_url=not_an_archive)
    model = Model.create(model_name="broken", execution_role_arn=role, primary_container=container)
    config = _config("broken", {"all": "broken"})
    endpoint = Endpoint.create(endpoint_name="broken", endpoint_config_name="broken")
    reason = ""
    try:
        endpoint.wait_for_status("InService", poll=1)
    except FailedStatusError as error:
        reason = str(error)
    _deleted(endpoint, [config], [model.model_name])
    return reason


def _models(image: str, artifact: str, role: str) -> list[str]:
    source = S3ModelDataSource(s3_uri=artifact, s3_data_type="S3Object", compression_type="Gzip")
    containers = [
        ContainerDefinition(image=image, model_data_url=artifact),
        ContainerDefinition(image=image, model_data_source=ModelDataSource(s3_data_source=source)),
    ]
    by_url = Model.create(
        model_name=f"{NAME}-by-url", execution_role_arn=role, primary_container=containers[0]
    )
    by_source = Model.create(
        model_name=f"{NAME}-by-source", execution_role_arn=role, containers=containers[1:]
    )
    return [by_url.model_name, by_source.model_name]


def _config(name: str, models: dict[str, str]) -> EndpointConfig:
    return EndpointConfig.create(
        endpoint_config_name=name,
        production_variants=[
            ProductionVariant(
                variant_name=variant,
                model_name=model,
                initial_instance_count=1,
                instance_type="ml.m5.large",
                initial_variant_weight=1.0,
            )
            for variant, model in models.items()
        ],
    )


def _answers(endpoint: Endpoint, folder: Path) -> dict[str, Any]:
    """Ask in JSON, dense to one variant and sparse to the other, and in recordio-protobuf."""
    bodies = {name: (folder / f"{name}.json").read_text() for name in ("dense", "sparse")}
    dense = endpoint.invoke(body=bodies["dense"], content_type=JSON, target_variant="one")
    sparse = endpoint.invoke(body=bodies["sparse"], content_type=JSON, target_variant="two")
    records = endpoint.invoke(
        body=(folder / "asked.pbr").read_bytes(), content_type=RECORDIO, accept=RECORDIO
    )
    return {
        "dense": json.loads(dense.body.read())["predictions"],
        "sparse": json.loads(sparse.body.read())["predictions"],
        "recordio": records.body.read().hex(),
        "variants": [dense.invoked_production_variant, sparse.invoked_production_variant],
        "content_types": [dense.content_type, records.content_type],
    }


def _refusal(call: Any) -> list[str]:
    try:
        call()
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["Error"]["Message"]]
    return []


def _tags(endpoint: Endpoint) -> list[list[str]]:
    arn = endpoint.endpoint_arn
    Tag.add_tags(
        resource_arn=arn, tags=[TagShape(key="a", value="1"), TagShape(key="b", value="2")]
    )
    Tag.delete_tags(resource_arn=arn, tag_keys=["a"])
    return sorted([tag.key, tag.value] for tag in Tag.get_all(resource_arn=arn))


def _changed(endpoint: Endpoint) -> dict[str, Any]:
    """Change weights and counts, then the configuration."""
    endpoint.update_weights_and_capacities(
        [DesiredWeightAndCapacity(variant_name="two", desired_weight=3.0, desired_instance_count=2)]
    )
    updating = endpoint.refresh().endpoint_status
    endpoint.wait_for_status("InService", poll=1)
    weights = [
        [each.variant_name, each.current_weight, each.current_instance_count]
        for each in endpoint.production_variants
    ]
    endpoint.endpoint_config_name = f"{NAME}-single"
    endpoint.update()
    endpoint.wait_for_status("InService", poll=1)
    variants = [each.variant_name for each in endpoint.production_variants]
    return {
        "updating": updating,
        "weights": weights,
        "config": endpoint.endpoint_config_name,
        "variants": variants,
    }


def _deleted(endpoint: Endpoint, configs: list[EndpointConfig], models: list[str]) -> list[str]:
    """Delete all, and return what still bears the endpoint's name."""
    name = endpoint.endpoint_name
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    for config in configs:
        config.delete()
    for model in models:
        Model.get(model).delete()
    return [
        *(each.endpoint_name for each in Endpoint.get_all(name_contains=name)),
        *(each.endpoint_config_name for each in EndpointConfig.get_all(name_contains=name)),
        *(each.model_name for each in Model.get_all(name_contains=name)),
    ]
