"""Where a model's files are, and the variables that its container is to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pairloom.errors import UserError
from pairloom.platform.endpoints.variant import Artifact


@dataclass(frozen=True, slots=True)
class ModelSource:
    """What a CreateModel request says that matters to who runs the model."""

    artifact: Artifact
    environment: Mapping[str, str]


def model_source(request: Mapping[str, Any]) -> ModelSource:
    """Read a model's request.

    Raises
    ------
    UserError
        It has several containers, or no artifact.
    """
    containers = request.get("Containers") or [request.get("PrimaryContainer") or {}]
    if len(containers) != 1:
        raise UserError(f"the model has {len(containers)} containers; one alone is run")
    container = containers[0]
    return ModelSource(_artifact(container), dict(container.get("Environment") or {}))


def _artifact(container: Mapping[str, Any]) -> Artifact:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source:
        return Artifact(source["S3Uri"], source.get("CompressionType", "Gzip") == "Gzip")
    uri = container.get("ModelDataUrl")
    if not uri:
        raise UserError("ModelDataUrl is not given; it names the model's model.tar.gz")
    return Artifact(uri)
