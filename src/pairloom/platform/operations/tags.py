"""Tags of resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pairloom.platform.operations.pages import page
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.training_job_answers import training_job_arn
from pairloom.platform.operations.training_job_rules import check_tags
from pairloom.platform.protocol.errors import ApiError, validation_error

_MOST_TAGS: Final = 50


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


def tag_list(platform: Platform, arn: str) -> list[dict[str, str]]:
    """Return a resource's tags in the form of the API."""
    return as_list(platform.store.tags(arn))


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _existing(platform: Platform, arn: str) -> str:
    name = arn.rpartition("/")[2]
    if arn != training_job_arn(platform.settings, name):
        raise validation_error(f"Invalid ARN: {arn} names no training job of this platform")
    if platform.store.training_job(name) is None:
        raise validation_error(f"Could not find training job with ARN {arn}")
    return arn
