"""Calls about one model or endpoint that come at once: one of them is heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Final

from botocore.exceptions import ClientError

from integration.hosting import bring_into_service, make_config, model_request
from integration.platform_api import RunningApi

CALLS: Final = 6


def _at_once(api: RunningApi, call: Callable[[Any], Any]) -> Counter[str]:
    """Return how often a call passed, and how often each message refused it."""
    together = Barrier(CALLS)

    def called(client: Any) -> str:
        together.wait(30)
        try:
            call(client)
        except ClientError as error:
            return str(error.response["Error"]["Message"]).partition(" endpoint")[0]
        return "passed"

    clients = [api.client("sagemaker") for _ in range(CALLS)]
    with ThreadPoolExecutor(CALLS) as threads:
        return Counter(threads.map(called, clients))


def test_one_of_many_models_of_a_name_is_made(api: RunningApi) -> None:
    outcomes = _at_once(api, lambda client: client.create_model(**model_request("raced")))
    assert outcomes.pop("passed") == 1
    assert list(outcomes.values()) == [CALLS - 1]


def test_one_of_many_changes_of_an_endpoint_is_made(api: RunningApi, client: Any) -> None:
    make_config(client, "raced-endpoint")
    endpoint = {"EndpointName": "raced-endpoint"}
    client.create_endpoint(**endpoint, EndpointConfigName="raced-endpoint")
    bring_into_service(api.store, "raced-endpoint")
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]

    def change(client: Any) -> None:
        client.update_endpoint_weights_and_capacities(
            **endpoint, DesiredWeightsAndCapacities=wanted
        )

    def update(client: Any) -> None:
        client.update_endpoint(**endpoint, EndpointConfigName="raced-endpoint")

    refused = {"passed": 1, "Cannot update in-progress": CALLS - 1}
    for call in (change, update):
        assert _at_once(api, call) == refused
        bring_into_service(api.store, "raced-endpoint")


def test_one_of_many_deletions_of_an_endpoint_is_heard(api: RunningApi, client: Any) -> None:
    make_config(client, "raced-end")
    client.create_endpoint(EndpointName="raced-end", EndpointConfigName="raced-end")
    outcomes = _at_once(api, lambda client: client.delete_endpoint(EndpointName="raced-end"))
    assert outcomes == {"passed": 1, "Cannot update in-progress": CALLS - 1}
