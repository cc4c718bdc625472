"""Models, endpoint configurations and endpoints by their names, in the words of SageMaker."""

from __future__ import annotations

from typing import Any, Final

from pairloom.platform.operations.pages import record_page, record_query
from pairloom.platform.operations.platform import Members, Platform
from pairloom.platform.operations.tags import forget_tags, keep_tags
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.store import (
    AlreadyExistsError,
    NotFoundError,
    ResourceQuery,
    ResourceRecord,
    Resources,
)

_CALLED: Final = {
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
}


def make(
    platform: Platform,
    resources: Resources,
    name: str,
    request: Members,
    *,
    status: str = "Available",
    **state: Any,
) -> str:
    """Keep a new resource and its tags, and return its ARN.

    Raises
    ------
    ApiError
        The name is taken.
    """
    arn = platform.settings.arn(resources.kind, name)
    try:
        with platform.store.together():
            resources.create(name, request, status=status, **state)
            keep_tags(platform, arn, request.get("Tags", []))
    except AlreadyExistsError:
        raise validation_error(
            f'Cannot create already existing {_CALLED[resources.kind]} "{arn}".'
        ) from None
    return arn


def existing(platform: Platform, resources: Resources, name: str) -> ResourceRecord:
    """Return a resource.

    Raises
    ------
    ApiError
        There is none of this name.
    """
    record = resources.get(name)
    if record is None:
        raise absent(platform, resources, name)
    return record


def absent(platform: Platform, resources: Resources, name: str) -> ApiError:
    """Return the error of a resource that is not there."""
    arn = platform.settings.arn(resources.kind, name)
    return validation_error(f'Could not find {_CALLED[resources.kind]} "{arn}".')


def remove(platform: Platform, resources: Resources, name: str) -> Members:
    """Forget a resource and its tags."""
    try:
        with platform.store.together():
            resources.delete(name)
            forget_tags(platform, platform.settings.arn(resources.kind, name))
    except NotFoundError:
        raise absent(platform, resources, name) from None
    return {}


def listed(resources: Resources, request: Members) -> tuple[list[ResourceRecord], str | None]:
    """Return the page of resources that a request asks for, newest first, and the next's token."""
    query = record_query(ResourceQuery, request, order="Descending")
    shown, next_token = record_page(resources.find(query), query)
    return list(shown), next_token


def summarized(platform: Platform, kind: str, named: str, record: ResourceRecord) -> Members:
    """Return what a list tells of a resource, whose members begin with what SageMaker calls it."""
    return {
        f"{named}Name": record.name,
        f"{named}Arn": platform.settings.arn(kind, record.name),
        "CreationTime": record.created_at,
    }
