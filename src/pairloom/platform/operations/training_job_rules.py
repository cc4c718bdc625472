"""What a CreateTrainingJob request must be, beyond what the shapes of its members say."""

from __future__ import annotations

from typing import Final

from pairloom.errors import UserError
from pairloom.platform.jobs.metric_expression import MetricExpression
from pairloom.platform.jobs.training_job_fields import TRAINING_JOB_FIELDS
from pairloom.platform.operations.platform import Members
from pairloom.platform.operations.request_rules import (
    check_environment,
    check_fields,
    check_image,
    check_tags,
    refuse_twice,
)
from pairloom.platform.protocol.errors import validation_error

_DATA_TYPES: Final = ("S3Prefix", "ManifestFile")


def check_training_job(request: Members) -> None:
    """Refuse what can only fail later.

    Raises
    ------
    ApiError
        ValidationException, naming the member and the rule.
    """
    check_fields(TRAINING_JOB_FIELDS, request)
    check_environment(request.get("Environment", {}))
    _check_algorithm(request["AlgorithmSpecification"])
    _check_channels(request.get("InputDataConfig", []))
    _check_resources(request.get("ResourceConfig", {}))
    check_tags(request.get("Tags", []))


def _check_algorithm(algorithm: Members) -> None:
    image = algorithm.get("TrainingImage")
    if not image:
        raise validation_error("AlgorithmSpecification must have a TrainingImage")
    check_image("TrainingImage", image)
    try:
        for definition in algorithm.get("MetricDefinitions", []):
            MetricExpression(definition["Name"], definition["Regex"])
    except UserError as error:
        raise validation_error(str(error)) from error


def _check_channels(channels: list[Members]) -> None:
    refuse_twice("InputDataConfig", (channel["ChannelName"] for channel in channels))
    names = [channel["ChannelName"] for channel in channels]
    if "train" not in names:
        raise validation_error(f"InputDataConfig must have a channel 'train'; it has {names}")
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise validation_error(f"channel {channel['ChannelName']!r} must have an S3DataSource")
        if source["S3DataType"] not in _DATA_TYPES:
            raise validation_error(
                f"channel {channel['ChannelName']!r}: S3DataType {source['S3DataType']} is not "
                f"supported by Pairloom; must be one of {', '.join(_DATA_TYPES)}"
            )


def _check_resources(resources: Members) -> None:
    groups = resources.get("InstanceGroups", [])
    if groups and "InstanceCount" in resources:
        raise validation_error("ResourceConfig must have InstanceCount or InstanceGroups, not both")
    counts = [group.get("InstanceCount", 0) for group in groups or [resources]]
    if min(counts) < 1:
        raise validation_error(
            f"ResourceConfig: InstanceCount is {min(counts)}; must be at least 1"
        )
