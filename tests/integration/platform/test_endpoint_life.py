"""An endpoint from CreateModel to its end, all by boto3, while real processes serve it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from botocore.exceptions import ClientError, WaiterError

from integration.hosting import CAPTURE
from integration.platform.running_endpoints import (
    IMAGE,
    RunningEndpoints,
    archive_of,
    model_of,
    variant,
)

pytestmark = pytest.mark.platform
NAME: Final = {"EndpointName": "life"}
PATIENCE: Final = {"Delay": 1, "MaxAttempts": 60}
SILENT_CAPTURE: Final = {**CAPTURE, "InitialSamplingPercentage": 0}


@pytest.fixture(scope="module")
def client(endpoints: RunningEndpoints) -> Any:
    """Return a client whose models score 1.5 and 2.5, whatever the row, or cannot be read."""
    client = endpoints.api.client("sagemaker")
    scratch = endpoints.folder / "life"
    scratch.mkdir()
    artifacts = {
        "life-low": archive_of(model_of(1.5), scratch),
        "life-high": archive_of(model_of(2.5), scratch),
        "life-broken": b"no archive",
    }
    for name, content in artifacts.items():
        url = endpoints.put(f"{name}/model.tar.gz", content)
        client.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url})
        client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant("A", name)]
        )
    return client


def _described(client: Any) -> dict[str, Any]:
    client.get_waiter("endpoint_in_service").wait(**NAME, WaiterConfig=PATIENCE)
    described: dict[str, Any] = client.describe_endpoint(**NAME)
    return described


def test_endpoint_lives_as_boto3_asks(endpoints: RunningEndpoints, client: Any) -> None:
    client.create_endpoint_config(
        EndpointConfigName="life",
        ProductionVariants=[variant("A", "life-low")],
        DataCaptureConfig=SILENT_CAPTURE,
    )
    client.create_endpoint(**NAME, EndpointConfigName="life")
    assert _described(client)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert endpoints.score("life") == 1.5

    _serves_two_where_two_are_wanted(endpoints, client)
    _moves_on_with_what_it_retains(endpoints, client)
    _goes_on_where_an_update_fails(endpoints, client)
    _outlives_its_model_and_configuration(endpoints, client)

    client.delete_endpoint(**NAME)
    client.get_waiter("endpoint_deleted").wait(**NAME, WaiterConfig=PATIENCE)
    assert endpoints.processes("life") == []
    with pytest.raises(ClientError, match="Endpoint life of account 111122223333 not found"):
        endpoints.score("life")


def _serves_two_where_two_are_wanted(endpoints: RunningEndpoints, client: Any) -> None:
    client.update_endpoint_weights_and_capacities(
        **NAME,
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}
        ],
    )
    served = _described(client)["ProductionVariants"][0]
    assert (served["CurrentInstanceCount"], served["CurrentWeight"]) == (2, 3.0)
    assert len(endpoints.ports("life")) == 2


def _moves_on_with_what_it_retains(endpoints: RunningEndpoints, client: Any) -> None:
    client.update_endpoint(**NAME, EndpointConfigName="life-high", RetainAllVariantProperties=True)
    described = _described(client)
    served = described["ProductionVariants"][0]
    assert described["EndpointConfigName"] == "life-high"
    assert (served["CurrentInstanceCount"], served["CurrentWeight"]) == (2, 3.0)
    assert described["DataCaptureConfig"]["DestinationS3Uri"] == CAPTURE["DestinationS3Uri"]
    assert endpoints.score("life") == 2.5
    client.update_endpoint(**NAME, EndpointConfigName="life-low")
    described = _described(client)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert "DataCaptureConfig" not in described
    assert endpoints.score("life") == 1.5


def _goes_on_where_an_update_fails(endpoints: RunningEndpoints, client: Any) -> None:
    client.update_endpoint(**NAME, EndpointConfigName="life-broken")
    described = _described(client)
    assert described["EndpointConfigName"] == "life-low"
    assert "life-broken/model.tar.gz" in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert endpoints.score("life") == 1.5


def _outlives_its_model_and_configuration(endpoints: RunningEndpoints, client: Any) -> None:
    client.delete_model(ModelName="life-low")
    client.delete_endpoint_config(EndpointConfigName="life-low")
    assert endpoints.score("life") == 1.5
    assert _described(client)["EndpointStatus"] == "InService"


def test_endpoint_whose_model_cannot_be_read_fails_the_waiter(client: Any) -> None:
    broken = {"EndpointName": "life-broken"}
    client.create_endpoint(**broken, EndpointConfigName="life-broken")
    with pytest.raises(WaiterError, match='"Failed"'):
        client.get_waiter("endpoint_in_service").wait(**broken, WaiterConfig=PATIENCE)
    assert "life-broken/model.tar.gz" in client.describe_endpoint(**broken)["FailureReason"]
    client.delete_endpoint(**broken)
    client.get_waiter("endpoint_deleted").wait(**broken, WaiterConfig=PATIENCE)
