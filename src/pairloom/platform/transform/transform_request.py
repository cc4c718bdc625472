"""What a CreateTransformJob request says, in the terms of running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pairloom.container.serve import settings_of
from pairloom.errors import UserError
from pairloom.platform.endpoints.model_source import ModelSource, model_source
from pairloom.platform.jobs.training_request import MANIFEST_FILE, S3_PREFIX, refuse_obeyed
from pairloom.platform.transform.transform_job_fields import TRANSFORM_JOB_FIELDS
from pairloom.serving.media_types import JSON
from pairloom.serving.transform import TransformSettings
from pairloom.serving.transform.settings import MAX_MEGABYTES, SplitType

_SPLITS: Final[dict[str, SplitType]] = {"None": "None", "Line": "Line", "RecordIO": "RecordIO"}
_STRATEGIES: Final = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


@dataclass(frozen=True, slots=True)
class TransformInput:
    """Where the files of a job are."""

    uri: str
    data_type: str

    def __str__(self) -> str:
        return "TransformInput"


@dataclass(frozen=True, slots=True)
class TransformRequest:
    """A transform job as it was asked for.

    Attributes
    ----------
    output_uri
        Prefix below which the answers are put.
    environment
        Of the process: the model's, with the job's own over it.
    settings
        What the request says, where it says nothing what the container advises.
    ignored_fields
        What changes nothing, by the reason.
    """

    source: TransformInput
    output_uri: str
    model: ModelSource
    environment: Mapping[str, str]
    settings: TransformSettings
    instance_count: int
    ignored_fields: Mapping[str, str]


def read_transform(request: Mapping[str, Any], model: Mapping[str, Any]) -> TransformRequest:
    """Read a request whose shape has been checked, and that of the model which it names.

    Raises
    ------
    UserError
        It asks for what cannot be done; names the field.
    """
    TRANSFORM_JOB_FIELDS.refuse(request)
    source = model_source(model)
    environment = {**source.environment, **(request.get("Environment") or {})}
    refuse_obeyed(environment)
    environment |= _batch_variables(request)
    return TransformRequest(
        source=_input(request["TransformInput"]["DataSource"]["S3DataSource"]),
        output_uri=request["TransformOutput"]["S3OutputPath"],
        model=source,
        environment=environment,
        settings=_settings(request, environment),
        instance_count=request["TransformResources"]["InstanceCount"],
        ignored_fields=TRANSFORM_JOB_FIELDS.ignored_in(request),
    )


def _batch_variables(request: Mapping[str, Any]) -> dict[str, str]:
    """Return what SageMaker tells a container of a transform job: what the request says, over all.

    Raises
    ------
    UserError
        A payload, or all that would be under way, is too large.
    """
    payload = request.get("MaxPayloadInMB")
    concurrent = request.get("MaxConcurrentTransforms") or 0  # 0 leaves it to the container
    if payload is not None and not 1 <= payload <= MAX_MEGABYTES:
        raise UserError(f"MaxPayloadInMB is {payload}; must be from 1 to {MAX_MEGABYTES}")
    if concurrent > MAX_MEGABYTES:
        raise UserError(
            f"MaxConcurrentTransforms is {concurrent}; times MaxPayloadInMB it must be at most "
            f"{MAX_MEGABYTES}"
        )
    told = {"SAGEMAKER_BATCH": "true"}
    if payload is not None:
        told["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(payload)
    if concurrent:
        told["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(concurrent)
    if "BatchStrategy" in request:
        told["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[request["BatchStrategy"]]
    return told


def _settings(request: Mapping[str, Any], environment: Mapping[str, str]) -> TransformSettings:
    advised = settings_of(Path(), environment).execution_parameters
    payload, concurrent = int(advised["MaxPayloadInMB"]), int(advised["MaxConcurrentTransforms"])
    if payload * concurrent > MAX_MEGABYTES:
        raise UserError(
            f"MaxConcurrentTransforms, {concurrent}, times MaxPayloadInMB, {payload}, is "
            f"{payload * concurrent}; must be at most {MAX_MEGABYTES}"
        )
    source, output = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing") or {}
    split = source.get("SplitType", "None")
    if split not in _SPLITS:
        raise UserError(f"SplitType {split} is not supported; must be one of {', '.join(_SPLITS)}")
    single = advised["BatchStrategy"] == _STRATEGIES["SingleRecord"]
    try:
        return TransformSettings(
            content_type=source.get("ContentType") or JSON,
            accept=output.get("Accept") or JSON,
            split_type=_SPLITS[split],
            assemble_with=output.get("AssembleWith", "None"),
            batch_strategy="SingleRecord" if single else "MultiRecord",
            max_payload_in_mb=payload,
            max_concurrent_transforms=concurrent,
            input_filter=processing.get("InputFilter") or "$",
            join_source=processing.get("JoinSource", "None"),
            output_filter=processing.get("OutputFilter") or "$",
        )
    except UserError as error:
        raise UserError(f"DataProcessing: {error}") from error


def _input(source: Mapping[str, Any]) -> TransformInput:
    if source["S3DataType"] not in (S3_PREFIX, MANIFEST_FILE):
        raise UserError(
            f"TransformInput: S3DataType {source['S3DataType']} is not supported; must be "
            f"{S3_PREFIX} or {MANIFEST_FILE}"
        )
    return TransformInput(source["S3Uri"], source["S3DataType"])
