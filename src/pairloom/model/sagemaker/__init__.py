"""SageMaker's model artifact, written and read without MXNet."""

from __future__ import annotations

from pairloom.model.sagemaker.artifact import (
    MODEL_MEMBER,
    is_artifact,
    is_artifact_name,
    read_artifact,
    write_artifact,
)
from pairloom.model.sagemaker.model_zip import SageMakerModel

__all__ = [
    "MODEL_MEMBER",
    "SageMakerModel",
    "is_artifact",
    "is_artifact_name",
    "read_artifact",
    "write_artifact",
]
