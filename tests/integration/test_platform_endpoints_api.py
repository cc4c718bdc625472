"""Endpoints through boto3; the store is told what a runner would tell it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from integration.hosting import (
    CAPTURE,
    bring_into_service,
    make_config,
    model_request,
    variant,
)
from integration.platform_api import IMAGE, UNCHECKED, RunningApi

ARN = "arn:aws:sagemaker:us-east-1:111122223333"
ONE_TRY = {"Delay": 1, "MaxAttempts": 1}


def _refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**request)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def _in_service(api: RunningApi, client: Any, name: str, *variants: Any, **members: Any) -> str:
    make_config(client, name, *variants, **members)
    made = client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    bring_into_service(api.store, name)
    arn: str = made["EndpointArn"]
    return arn


def _described(client: Any, name: str) -> dict[str, Any]:
    described = client.describe_endpoint(EndpointName=name)
    del described["ResponseMetadata"]
    return dict(described)


def test_endpoint_is_created_and_described_as_sagemaker_does(api: RunningApi, client: Any) -> None:
    make_config(client, "digits", DataCaptureConfig=CAPTURE)
    tags = [{"Key": "team", "Value": "one"}]
    made = client.create_endpoint(EndpointName="digits", EndpointConfigName="digits", Tags=tags)
    assert made["EndpointArn"] == f"{ARN}:endpoint/digits"
    described = _described(client, "digits")
    times = [described.pop(name) for name in ("CreationTime", "LastModifiedTime")]
    assert abs(times[0].timestamp() - time.time()) < 30
    assert times[0] == times[1]
    creating = {
        "EndpointName": "digits",
        "EndpointArn": made["EndpointArn"],
        "EndpointConfigName": "digits",
        "EndpointStatus": "Creating",
    }
    assert described == creating
    assert client.list_tags(ResourceArn=made["EndpointArn"])["Tags"] == tags
    bring_into_service(api.store, "digits")
    client.get_waiter("endpoint_in_service").wait(EndpointName="digits", WaiterConfig=ONE_TRY)
    described = _described(client, "digits")
    assert described.pop("LastModifiedTime") > described.pop("CreationTime")
    assert described == {
        **creating,
        "EndpointStatus": "InService",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "DeployedImages": [{"SpecifiedImage": IMAGE}],
                "CurrentWeight": 1.0,
                "DesiredWeight": 1.0,
                "CurrentInstanceCount": 1,
                "DesiredInstanceCount": 1,
            }
        ],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": 50,
            "DestinationS3Uri": "s3://bucket/captured",
            "KmsKeyId": "",
        },
    }


def test_what_is_asked_for_stands_in_the_store_for_the_runner(api: RunningApi, client: Any) -> None:
    second = variant("wanted", "second", InitialVariantWeight=0.25, InitialInstanceCount=2)
    make_config(client, "wanted", variant("wanted"), second)
    client.create_endpoint(EndpointName="wanted", EndpointConfigName="wanted")
    record = api.store.endpoints.get("wanted")
    assert record is not None
    assert (record.status, record.state) == (
        "Creating",
        {
            "config": "wanted",
            "desired": {
                "AllTraffic": {"weight": 1.0, "instance_count": 1},
                "second": {"weight": 0.25, "instance_count": 2},
            },
        },
    )


def test_endpoint_needs_its_configuration_and_its_models(client: Any) -> None:
    create = client.create_endpoint
    assert _refusal(create, EndpointName="x", EndpointConfigName="nobody") == (
        "ValidationException",
        f'Could not find endpoint configuration "{ARN}:endpoint-config/nobody".',
    )
    make_config(client, "orphan")
    client.delete_model(ModelName="orphan")
    assert _refusal(create, EndpointName="x", EndpointConfigName="orphan") == (
        "ValidationException",
        f'Could not find model "{ARN}:model/orphan".',
    )


def test_taken_name_and_absent_endpoint_are_refused(api: RunningApi, client: Any) -> None:
    arn = _in_service(api, client, "once")
    again = _refusal(client.create_endpoint, EndpointName="once", EndpointConfigName="once")
    assert again == ("ValidationException", f'Cannot create already existing endpoint "{arn}".')
    absent = ("ValidationException", f'Could not find endpoint "{ARN}:endpoint/nobody".')
    for call in (client.describe_endpoint, client.delete_endpoint):
        assert _refusal(call, EndpointName="nobody") == absent
    assert absent == _refusal(
        client.update_endpoint, EndpointName="nobody", EndpointConfigName="once"
    )
    wanted = [{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
    assert absent == _refusal(
        client.update_endpoint_weights_and_capacities,
        EndpointName="nobody",
        DesiredWeightsAndCapacities=wanted,
    )


def test_failed_endpoint_ends_the_waiter_with_its_reason(api: RunningApi, client: Any) -> None:
    make_config(client, "fails")
    arn = client.create_endpoint(EndpointName="fails", EndpointConfigName="fails")["EndpointArn"]
    api.store.endpoints.change("fails", status="Failed", failure_reason="model.tar.gz is damaged")
    with pytest.raises(WaiterError, match='"Failed"'):
        client.get_waiter("endpoint_in_service").wait(EndpointName="fails", WaiterConfig=ONE_TRY)
    assert _described(client, "fails")["FailureReason"] == "model.tar.gz is damaged"
    _, message = _refusal(client.update_endpoint, EndpointName="fails", EndpointConfigName="fails")
    assert message == f'Cannot update failed endpoint "{arn}": it can be deleted alone.'
    client.delete_endpoint(EndpointName="fails")
    assert _described(client, "fails")["EndpointStatus"] == "Deleting"


def test_update_is_described_as_pending_until_it_is_served(api: RunningApi, client: Any) -> None:
    arn = _in_service(api, client, "moves")
    make_config(client, "moves-on", variant("moves", InitialInstanceCount=2))
    deployment = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}
    updated = client.update_endpoint(
        EndpointName="moves", EndpointConfigName="moves-on", DeploymentConfig=deployment
    )
    assert updated["EndpointArn"] == arn
    described = _described(client, "moves")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "moves")
    assert described["ProductionVariants"][0]["DesiredInstanceCount"] == 1
    assert described["LastDeploymentConfig"] == deployment
    assert described["PendingDeploymentSummary"] == {
        "EndpointConfigName": "moves-on",
        "ProductionVariants": [
            {"VariantName": "AllTraffic", "DesiredWeight": 1.0, "DesiredInstanceCount": 2}
        ],
    }
    for request in (
        {"EndpointName": "moves", "EndpointConfigName": "moves"},
        {"EndpointName": "moves", "EndpointConfigName": "moves-on"},
    ):
        assert _refusal(client.update_endpoint, **request) == (
            "ValidationException",
            f'Cannot update in-progress endpoint "{arn}".',
        )
    bring_into_service(api.store, "moves")
    described = _described(client, "moves")
    assert described["EndpointConfigName"] == "moves-on"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert "PendingDeploymentSummary" not in described
    client.update_endpoint(
        EndpointName="moves", EndpointConfigName="moves", RetainDeploymentConfig=True
    )
    assert _described(client, "moves")["LastDeploymentConfig"] == deployment


RETAINED: dict[str, tuple[dict[str, Any], tuple[float, int, bool]]] = {
    "nothing": ({}, (0.5, 2, False)),
    "all": ({"RetainAllVariantProperties": True}, (3.0, 4, True)),
    "not-the-weight": (
        {
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
        },
        (0.5, 4, True),
    ),
    "weight-alone": (
        {
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [
                {"VariantPropertyType": "DesiredInstanceCount"},
                {"VariantPropertyType": "DataCaptureConfig"},
            ],
        },
        (3.0, 2, False),
    ),
}


@pytest.mark.parametrize("case", RETAINED)
def test_update_retains_what_it_is_told_to(case: str, api: RunningApi, client: Any) -> None:
    members, (weight, count, keeps_capture) = RETAINED[case]
    name = f"retains-{case}"
    _in_service(api, client, name)
    _change_weight(client, name, DesiredWeight=3.0, DesiredInstanceCount=4)
    bring_into_service(api.store, name)
    first = variant(name, InitialVariantWeight=0.5, InitialInstanceCount=2)
    make_config(client, f"{name}-next", first, variant(name, "new"))
    client.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-next", **members)
    record = api.store.endpoints.get(name)
    assert record is not None
    assert record.state["desired"] == {
        "AllTraffic": {"weight": weight, "instance_count": count},
        "new": {"weight": 1.0, "instance_count": 1},
    }
    assert record.state["retains_data_capture"] is keeps_capture


def _change_weight(client: Any, name: str, **members: Any) -> None:
    client.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", **members}],
    )


def test_weights_and_counts_change_alone(api: RunningApi, client: Any) -> None:
    _in_service(api, client, "shifts", variant("shifts"), variant("shifts", "second"))
    _change_weight(client, "shifts", DesiredWeight=0.0)
    described = _described(client, "shifts")
    assert described["EndpointStatus"] == "Updating"
    first, second = described["ProductionVariants"]
    assert (first["CurrentWeight"], first["DesiredWeight"]) == (1.0, 0.0)
    assert (second["DesiredWeight"], second["DesiredInstanceCount"]) == (1.0, 1)
    bring_into_service(api.store, "shifts")
    _change_weight(client, "shifts", DesiredInstanceCount=3)
    first = _described(client, "shifts")["ProductionVariants"][0]
    assert (first["CurrentWeight"], first["DesiredInstanceCount"]) == (0.0, 3)
    bring_into_service(api.store, "shifts")
    assert _described(client, "shifts")["ProductionVariants"][0]["CurrentInstanceCount"] == 3


REFUSED_WEIGHTS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "variant": (
        [{"VariantName": "nobody", "DesiredWeight": 1.0}],
        "ValidationException",
        "'nobody' is no variant of endpoint 'refuses'; its variants are AllTraffic",
    ),
    "zero": (
        [{"VariantName": "AllTraffic", "DesiredWeight": 0.0}],
        "ValidationException",
        "DesiredWeight must be above 0",
    ),
    "none": (
        [{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
        "ValidationException",
        "DesiredInstanceCount of 'AllTraffic' is 0; must be at least 1",
    ),
    "twice": (
        [{"VariantName": "AllTraffic"}] * 2,
        "ValidationException",
        "'AllTraffic' is there more than once",
    ),
    "many": (
        [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1000}],
        "ResourceLimitExceeded",
        "at most 20 instances",
    ),
    "serverless": (
        [{"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 1}}],
        "ValidationException",
        "ServerlessUpdateConfig is not supported by Pairloom: give DesiredInstanceCount",
    ),
}


@pytest.mark.parametrize("case", REFUSED_WEIGHTS)
def test_weights_that_break_a_rule_are_refused_by_name(
    case: str, api: RunningApi, client: Any
) -> None:
    wanted, code, message = REFUSED_WEIGHTS[case]
    if api.store.endpoints.get("refuses") is None:
        _in_service(api, client, "refuses")
    unchecked = api.client("sagemaker", config=UNCHECKED)
    found = _refusal(
        unchecked.update_endpoint_weights_and_capacities,
        EndpointName="refuses",
        DesiredWeightsAndCapacities=wanted,
    )
    assert (found[0], message in found[1]) == (code, True)
    assert _described(client, "refuses")["EndpointStatus"] == "InService"


def test_deleted_endpoint_is_waited_for_and_its_name_free_again(
    api: RunningApi, client: Any
) -> None:
    arn = _in_service(api, client, "leaves")
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    client.delete_endpoint(EndpointName="leaves")
    assert _described(client, "leaves")["EndpointStatus"] == "Deleting"
    assert client.list_tags(ResourceArn=arn)["Tags"] == []
    assert _refusal(client.delete_endpoint, EndpointName="leaves")[1] == (
        f'Cannot update in-progress endpoint "{arn}".'
    )
    end = threading.Timer(0.5, api.store.endpoints.delete, ("leaves",))
    end.start()
    waiter = client.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName="leaves", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    client.create_endpoint(EndpointName="leaves", EndpointConfigName="leaves")


@pytest.mark.parametrize(
    ("member", "why"),
    [("TargetModel", "a container serves one model"),
     ("TargetContainerHostname", "a model has one container"),
     ("EnableExplanations", "endpoints explain nothing"),
     ("InferenceComponentName", "there are no inference components"),
     ("SessionId", "there are no sessions")],
)  # fmt: skip
def test_invocation_that_asks_for_what_is_not_done_is_refused_by_name(
    member: str, why: str, api: RunningApi
) -> None:
    code, message = _refusal(
        api.client("sagemaker-runtime").invoke_endpoint,
        EndpointName="nobody",
        Body=b"{}",
        **{member: "a"},
    )
    assert (code, message) == (
        "ValidationError",
        f"{member} is not supported by Pairloom: {why}",
    )


def test_model_and_configuration_may_go_before_their_endpoint(api: RunningApi, client: Any) -> None:
    _in_service(api, client, "stays")
    client.delete_endpoint_config(EndpointConfigName="stays")
    client.delete_model(ModelName="stays")
    described = _described(client, "stays")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "stays")
    assert "DeployedImages" not in described["ProductionVariants"][0]
    client.delete_endpoint(EndpointName="stays")


def test_endpoint_that_is_being_made_may_be_deleted(client: Any) -> None:
    client.create_model(**model_request("early"))
    client.create_endpoint_config(EndpointConfigName="early", ProductionVariants=[variant("early")])
    client.create_endpoint(EndpointName="early", EndpointConfigName="early")
    client.delete_endpoint(EndpointName="early")
    assert _described(client, "early")["EndpointStatus"] == "Deleting"
