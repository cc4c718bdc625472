"""Machines of the SageMaker SDK's class behind endpoints: asked, exchanged, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sagemaker import FactorizationMachines, FactorizationMachinesModel
from sagemaker.deserializers import JSONDeserializer
from sagemaker.predictor import Predictor
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import CSVSerializer

FIRST, SECOND = "first-machine", "second-machine"


def deployed_machines(
    machine: FactorizationMachines, first: str, pixels: npt.NDArray[np.float32], folder: Path
) -> dict[str, Any]:
    """Put the machine's model and an earlier one behind two endpoints, exchange one, delete all.

    Brings the artifacts, `model.tar.gz` in folders of the endpoints' names.
    """
    session = machine.sagemaker_session
    client = session.sagemaker_client
    before = _resources(client)
    for name, artifact in ((FIRST, first), (SECOND, machine.model_data)):
        S3Downloader.download(artifact, str(folder / name), sagemaker_session=session)

    deployed = machine.deploy(2, "ml.m5.large", endpoint_name=SECOND, wait=False)
    model = FactorizationMachinesModel(
        first, role=machine.role, sagemaker_session=session, name=FIRST
    )
    from_model = model.deploy(1, "ml.m5.large", endpoint_name=FIRST, wait=False)
    _wait(client, "endpoint_in_service", FIRST, SECOND)
    found: dict[str, Any] = {
        "predictors": [type(each).__name__ for each in (deployed, from_model)],
        "endpoints": [client.describe_endpoint(EndpointName=name) for name in (FIRST, SECOND)],
    }
    existing = Predictor(SECOND, session, CSVSerializer(), JSONDeserializer())
    scores = {
        "second": _scores(deployed.predict(pixels)),
        "one": _scores(deployed.predict(pixels[0])),
        "first": _scores(from_model.predict(pixels)),
        "existing": [each["score"] for each in existing.predict(pixels)["predictions"]],
    }

    made = machine.create_model(name="made")
    made.create(instance_type="ml.m5.large")
    from_model.update_endpoint(
        initial_instance_count=2, instance_type="ml.m5.large", model_name="made", wait=False
    )
    _wait(client, "endpoint_in_service", FIRST)
    scores["updated"] = _scores(from_model.predict(pixels))
    found["scores"] = scores
    found["updated"] = client.describe_endpoint(EndpointName=FIRST)

    model.delete_model()
    for predictor in (deployed, from_model):
        predictor.delete_model()
        predictor.delete_endpoint()
    _wait(client, "endpoint_deleted", FIRST, SECOND)
    found["left"] = sorted(_resources(client) - before)
    return found


def _scores(records: Sequence[Any]) -> list[float]:
    return [record.label["score"].float32_tensor.values[0] for record in records]


def _wait(client: Any, state: str, *names: str) -> None:
    for name in names:
        every_second = {"Delay": 1, "MaxAttempts": 300}
        client.get_waiter(state).wait(EndpointName=name, WaiterConfig=every_second)


def _resources(client: Any) -> set[str]:
    models = client.list_models()["Models"]
    configs = client.list_endpoint_configs()["EndpointConfigs"]
    endpoints = client.list_endpoints()["Endpoints"]
    return {
        *(f"model {each['ModelName']}" for each in models),
        *(f"configuration {each['EndpointConfigName']}" for each in configs),
        *(f"endpoint {each['EndpointName']}" for each in endpoints),
    }
