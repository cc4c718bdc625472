"""What a CreateTrainingJob request says, in the terms of running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pairloom.errors import UserError
from pairloom.platform.jobs.training_job_fields import TRAINING_JOB_FIELDS

S3_PREFIX, MANIFEST_FILE = "S3Prefix", "ManifestFile"
PIPE = "Pipe"
TRAINING_IMAGE = "factorization-machines"

# What the dynamic linker, the shell or Python itself obeys: it would run other code than ours.
_OBEYED_PREFIXES = ("LD_", "DYLD_", "PYTHON", "GLIBC_", "BASH_", "RAY_")
_OBEYED = frozenset({"PATH", "HOME", "IFS", "ENV", "SHELL", "TMPDIR"})


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """One channel of a request.

    Attributes
    ----------
    shuffle_seed
        Where given, the objects of a pipe are drawn in another order every epoch.
    """

    name: str
    uri: str
    data_type: str = S3_PREFIX
    distribution: str = "FullyReplicated"
    input_mode: str = "File"
    content_type: str | None = None
    record_wrapper: str = "None"
    shuffle_seed: int | None = None

    @property
    def is_piped(self) -> bool:
        return self.input_mode == PIPE

    def __str__(self) -> str:
        return f"channel {self.name}"


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """A training job as it was asked for.

    Attributes
    ----------
    output_uri
        Prefix below which the job's results are put.
    checkpoint_uri
        Prefix that the checkpoints are kept equal with, or None.
    compresses_model
        Whether the model goes into an archive, or its files alone.
    ignored_fields
        What changes nothing, by the reason.
    """

    name: str
    channels: tuple[ChannelRequest, ...]
    hyperparameters: Mapping[str, str]
    environment: Mapping[str, str]
    metric_definitions: Mapping[str, str]
    output_uri: str
    checkpoint_uri: str | None
    compresses_model: bool
    instance_count: int
    volume_gigabytes: int
    max_runtime_seconds: int
    ignored_fields: Mapping[str, str]

    @property
    def hosts(self) -> list[str]:
        """Names of the instances asked for, in order."""
        return [f"algo-{number + 1}" for number in range(self.instance_count)]


def read_request(name: str, request: Mapping[str, Any]) -> TrainingRequest:
    """Read a request whose shape has been checked.

    Raises
    ------
    UserError
        It asks for what cannot be done here; names the field.
    """
    algorithm = request["AlgorithmSpecification"]
    resources = request.get("ResourceConfig", {})
    output = request["OutputDataConfig"]
    environment = dict(request.get("Environment") or {})
    refuse_obeyed(environment)
    mode = algorithm.get("TrainingInputMode", "File")
    return TrainingRequest(
        name=name,
        channels=tuple(_channel(channel, mode) for channel in request.get("InputDataConfig") or ()),
        hyperparameters=dict(request.get("HyperParameters") or {}),
        environment=environment,
        metric_definitions={
            definition["Name"]: definition["Regex"]
            for definition in algorithm.get("MetricDefinitions") or ()
        },
        output_uri=output["S3OutputPath"],
        checkpoint_uri=(request.get("CheckpointConfig") or {}).get("S3Uri"),
        compresses_model=output.get("CompressionType", "GZIP") != "NONE",
        instance_count=_instances(resources),
        volume_gigabytes=resources.get("VolumeSizeInGB") or 0,
        max_runtime_seconds=(request.get("StoppingCondition") or {}).get(
            "MaxRuntimeInSeconds", 86_400
        ),
        ignored_fields=TRAINING_JOB_FIELDS.ignored_in(request),
    )


def refuse_obeyed(environment: Mapping[str, str]) -> None:
    """Raise UserError if a variable would decide which code the train program runs."""
    for name in sorted(environment):
        if name in _OBEYED or name.startswith(_OBEYED_PREFIXES):
            raise UserError(
                f"Environment: {name} is refused, since it decides which code runs; take another "
                "name"
            )


def _instances(resources: Mapping[str, Any]) -> int:
    groups = resources.get("InstanceGroups") or ()
    return resources.get("InstanceCount") or sum(of["InstanceCount"] for of in groups) or 1


def _channel(channel: Mapping[str, Any], algorithm_mode: str) -> ChannelRequest:
    name = channel["ChannelName"]
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise UserError(f"channel {name}: only an S3DataSource is read; its data lie elsewhere")
    if source["S3DataType"] not in (S3_PREFIX, MANIFEST_FILE):
        raise UserError(
            f"channel {name}: S3DataType {source['S3DataType']} is not read; must be "
            f"{S3_PREFIX} or {MANIFEST_FILE}"
        )
    return ChannelRequest(
        name=name,
        uri=source["S3Uri"],
        data_type=source["S3DataType"],
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        input_mode=channel.get("InputMode") or algorithm_mode,
        content_type=channel.get("ContentType") or None,
        record_wrapper=channel.get("RecordWrapperType") or "None",
        shuffle_seed=(channel.get("ShuffleConfig") or {}).get("Seed"),
    )
