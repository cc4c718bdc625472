"""Batch transform: files of records to files of answers, by a model or by an endpoint."""

from __future__ import annotations

from pairloom.serving.transform.endpoint import Endpoint
from pairloom.serving.transform.job import (
    FailedFile,
    Invocation,
    TransformResult,
    transform,
    transform_files,
)
from pairloom.serving.transform.settings import TransformSettings

__all__ = [
    "Endpoint",
    "FailedFile",
    "Invocation",
    "TransformResult",
    "TransformSettings",
    "transform",
    "transform_files",
]
