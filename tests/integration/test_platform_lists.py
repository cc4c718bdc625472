"""ListModels, ListEndpointConfigs and ListEndpoints by every filter, order and page."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Final

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from integration.hosting import make_config, model_request, variant
from integration.platform_api import UNCHECKED, RunningApi, waited
from pairloom.platform.protocol.services import operation_model

FILTERS: Final = {
    "NextToken", "MaxResults", "NameContains", "CreationTimeAfter", "CreationTimeBefore",
    "SortBy", "SortOrder",
}  # fmt: skip
LISTS: Final = {
    "ListModels": ("Models", "ModelName", FILTERS),
    "ListEndpointConfigs": ("EndpointConfigs", "EndpointConfigName", FILTERS),
    "ListEndpoints": (
        "Endpoints",
        "EndpointName",
        FILTERS | {"StatusEquals", "LastModifiedTimeAfter", "LastModifiedTimeBefore"},
    ),
}
MADE: Final = [f"listed-{4 - index}" for index in range(5)]


@pytest.fixture(scope="module")
def times(client: Any) -> tuple[datetime, datetime]:
    """Make five of each kind, and then another; return when the five were begun and done."""
    begun = waited()
    for name in MADE:
        _make(client, name)
    ended = waited()
    _make(client, "other")
    return _utc(begun), _utc(ended)


def _make(client: Any, name: str) -> None:
    make_config(client, name)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    waited()


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _names(client: Any, operation: str, **asked: Any) -> list[str]:
    key, name, _ = LISTS[operation]
    pages = client.get_paginator(xform_name(operation)).paginate(
        PaginationConfig={"PageSize": 2}, **{"NameContains": "listed-", **asked}
    )
    return [one[name] for page in pages for one in page[key]]


@pytest.mark.parametrize("operation", LISTS)
def test_resources_are_listed_in_pages_by_filters_and_order(
    operation: str, client: Any, times: tuple[datetime, datetime]
) -> None:
    begun, ended = times

    def names(**asked: Any) -> list[str]:
        return _names(client, operation, **asked)

    assert names() == MADE[::-1]
    assert names(SortOrder="Ascending") == MADE
    assert names(SortBy="Name") == sorted(MADE, reverse=True)
    assert names(SortBy="Name", SortOrder="Ascending") == sorted(MADE)
    assert names(SortBy="CreationTime", SortOrder="Descending") == MADE[::-1]
    assert names(CreationTimeAfter=begun, CreationTimeBefore=ended) == MADE[::-1]
    assert names(CreationTimeAfter=ended) == names(CreationTimeBefore=begun) == []
    assert names(NameContains="LISTED-") == MADE[::-1]
    assert names(NameContains="other") == ["other"]
    assert names(NameContains="nobody") == []


@pytest.mark.parametrize("operation", LISTS)
def test_every_parameter_of_the_list_is_tested(operation: str) -> None:
    members = operation_model("sagemaker", operation).input_shape.members
    assert set(members) == LISTS[operation][2]


def test_endpoints_are_listed_by_status_and_by_their_last_change(
    api: RunningApi, client: Any, times: tuple[datetime, datetime]
) -> None:
    changed = waited()
    api.store.endpoints.change("listed-2", status="Failed", failure_reason="x")

    def names(**asked: Any) -> list[str]:
        return _names(client, "ListEndpoints", **asked)

    assert names(StatusEquals="Failed") == ["listed-2"]
    assert names(StatusEquals="Creating") == [name for name in MADE[::-1] if name != "listed-2"]
    assert names(StatusEquals="InService") == []
    assert names(SortBy="Status", SortOrder="Ascending")[-1] == "listed-2"
    assert names(SortBy="Status")[0] == "listed-2"
    assert names(LastModifiedTimeAfter=_utc(changed)) == ["listed-2"]
    assert "listed-2" not in names(LastModifiedTimeBefore=_utc(changed))
    assert times[1] < _utc(changed)


@pytest.mark.parametrize("operation", LISTS)
def test_page_has_ten_unless_told_and_a_token_of_another_order_is_refused(
    operation: str, api: RunningApi, client: Any, times: tuple[datetime, datetime]
) -> None:
    assert times
    for index in range(10):
        if client.list_models(NameContains=f"ten-{index}")["Models"] == []:
            client.create_model(**model_request(f"ten-{index}"))
            client.create_endpoint_config(
                EndpointConfigName=f"ten-{index}", ProductionVariants=[variant(f"ten-{index}")]
            )
            client.create_endpoint(EndpointName=f"ten-{index}", EndpointConfigName=f"ten-{index}")
    call, key = getattr(client, xform_name(operation)), LISTS[operation][0]
    first = call()
    assert len(first[key]) == 10
    rest = call(NextToken=first["NextToken"])
    assert (len(rest[key]), "NextToken" in rest) == (6, False)
    for request in (
        {"NextToken": first["NextToken"], "SortBy": "Name"},
        {"NextToken": "x"},
        {"NextToken": "bm90aGluZw=="},
    ):
        with pytest.raises(ClientError, match="Invalid NextToken") as raised:
            call(**request)
        assert raised.value.response["Error"]["Code"] == "ValidationException"
    unchecked = getattr(api.client("sagemaker", config=UNCHECKED), xform_name(operation))
    for limit in (0, 101):
        with pytest.raises(ClientError, match="at 'maxResults' failed"):
            unchecked(MaxResults=limit)


def test_page_goes_on_behind_one_that_is_deleted_meanwhile(client: Any) -> None:
    for index in range(4):
        client.create_model(**model_request(f"page-{index}"))
        waited()
    first = client.list_models(NameContains="page-", MaxResults=2, SortOrder="Ascending")
    assert [model["ModelName"] for model in first["Models"]] == ["page-0", "page-1"]
    client.delete_model(ModelName="page-1")
    client.create_model(**model_request("page-9"))
    rest = client.list_models(
        NameContains="page-", SortOrder="Ascending", NextToken=first["NextToken"]
    )
    assert [model["ModelName"] for model in rest["Models"]] == ["page-2", "page-3", "page-9"]
