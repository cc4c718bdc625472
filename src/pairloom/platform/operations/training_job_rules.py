"""What a CreateTrainingJob request must be, beyond what the shapes of its members say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from pairloom.errors import UserError
from pairloom.platform.jobs.training_job_fields import refuse_fields
from pairloom.platform.jobs.training_request import refuse_obeyed
from pairloom.platform.operations.platform import Members
from pairloom.platform.protocol.errors import validation_error

REPOSITORY: Final = "factorization-machines"
_DATA_TYPES: Final = ("S3Prefix", "ManifestFile")


def check_training_job(request: Members) -> None:
    """Refuse what can only fail later.

    Raises
    ------
    ApiError
        ValidationException, naming the member and the rule.
    """
    try:
        refuse_fields(request)
        refuse_obeyed(request.get("Environment", {}))
    except UserError as error:
        raise validation_error(str(error)) from error
    _check_algorithm(request["AlgorithmSpecification"])
    _check_channels(request.get("InputDataConfig", []))
    _check_resources(request.get("ResourceConfig", {}))
    check_tags(request.get("Tags", []))


def check_tags(tags: Iterable[Members]) -> None:
    """Refuse tags of which two have one key."""
    _refuse_twice("Tags", (tag["Key"] for tag in tags))


def _check_algorithm(algorithm: Members) -> None:
    image = algorithm.get("TrainingImage")
    if not image:
        raise validation_error("AlgorithmSpecification must have a TrainingImage")
    repository = re.split("[:@]", image.rpartition("/")[2])[0]
    if repository != REPOSITORY:
        raise validation_error(
            f"TrainingImage {image!r} is of repository {repository!r}; Pairloom trains "
            f"{REPOSITORY!r} alone, whatever the registry and the tag"
        )
    for definition in algorithm.get("MetricDefinitions", []):
        _check_regex(definition["Name"], definition["Regex"])


def _check_regex(name: str, regex: str) -> None:
    try:
        re.compile(regex)
    except (re.error, RecursionError, OverflowError) as error:
        raise validation_error(
            f"MetricDefinitions: the Regex of {name!r} is none: {error}"
        ) from error


def _check_channels(channels: list[Members]) -> None:
    _refuse_twice("InputDataConfig", (channel["ChannelName"] for channel in channels))
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


def _refuse_twice(member: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise validation_error(f"{member}: {twice[0]!r} is there more than once")
