"""Tags of resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.request_rules import check_tags
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.store import Resources, Store

_MOST_TAGS: Final = 50
_TRAINING_JOB: Final = "training-job"
_KINDS: Final[Mapping[str, Callable[[Store], Resources]]] = {
    "model": lambda store: store.models,
    "endpoint-config": lambda store: store.endpoint_configs,
    "endpoint": lambda store: store.endpoints,
    "transform-job": lambda store: store.transform_jobs,
    "hyper-parameter-tuning-job": lambda store: store.tuning_jobs,
}


def add_tags(platform: Platform, request: Members) -> Members:
    """Give a resource tags."""
    arn = _existing(platform, request["ResourceArn"])
    check_tags(request["Tags"])
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    if len(platform.store.tags(arn).keys() | tags.keys()) > _MOST_TAGS:
        raise ApiError("ResourceLimitExceeded", f"a resource has at most {_MOST_TAGS} tags")
    platform.store.add_tags(arn, tags)
    return {"Tags": tag_list(platform, arn)}


def list_tags(platform: Platform, request: Members) -> Members:
    """Return a resource's tags."""
    arn = _existing(platform, request["ResourceArn"])
    tags, following = page(
        tag_list(platform, arn), request.get("NextToken"), request.get("MaxResults", _MOST_TAGS)
    )
    return {"Tags": tags, "NextToken": following}


def delete_tags(platform: Platform, request: Members) -> Members:
    """Take tags from a resource."""
    platform.store.delete_tags(_existing(platform, request["ResourceArn"]), request["TagKeys"])
    return {}


def keep_tags(platform: Platform, arn: str, tags: Iterable[Members]) -> None:
    """Give a resource the tags of the request that made it."""
    platform.store.add_tags(arn, {tag["Key"]: tag["Value"] for tag in tags})


def forget_tags(platform: Platform, arn: str) -> None:
    """Take all tags from a resource that goes."""
    platform.store.delete_tags(arn, platform.store.tags(arn))


def tag_list(platform: Platform, arn: str) -> list[dict[str, str]]:
    """Return a resource's tags in the form of the API."""
    return as_list(platform.store.tags(arn))


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _existing(platform: Platform, arn: str) -> str:
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if arn != platform.settings.arn(kind, name) or not (kind == _TRAINING_JOB or kind in _KINDS):
        raise validation_error(f"Invalid ARN: {arn} names nothing of this platform that has tags")
    if not _is_there(platform, kind, name):
        raise validation_error(f"Could not find {kind.replace('-', ' ')} with ARN {arn}")
    return arn


def _is_there(platform: Platform, kind: str, name: str) -> bool:
    if kind == _TRAINING_JOB:
        return platform.store.training_job(name) is not None
    return _KINDS[kind](platform.store).get(name) is not None
