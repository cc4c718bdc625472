from __future__ import annotations

import time
from typing import get_args

import pytest

from pairloom.platform.store import (
    AlreadyExistsError,
    ConflictError,
    LeaseLostError,
    NotFoundError,
    ResourceKind,
    ResourceQuery,
    Resources,
    Store,
)


@pytest.fixture
def endpoints(store: Store) -> Resources:
    return store.endpoints


def test_every_kind_has_its_own_names(store: Store) -> None:
    kinds = [
        store.models,
        store.endpoint_configs,
        store.endpoints,
        store.transform_jobs,
        store.tuning_jobs,
    ]
    assert [resources.kind for resources in kinds] == list(get_args(ResourceKind))
    for resources in kinds:
        resources.create("fm", {"of": resources.kind})
    for resources in kinds:
        found = resources.get("fm")
        assert found is not None
        assert found.request == {"of": resources.kind}
        assert [each.name for each in resources.find()] == ["fm"]
    store.models.delete("fm")
    assert store.models.get("fm") is None
    assert store.endpoints.get("fm") is not None


def test_resource_comes_back_as_it_was_given(endpoints: Resources) -> None:
    made = endpoints.create("fm", {"EndpointName": "fm"}, status="Creating", config="c")
    assert made == endpoints.get("fm")
    assert (made.status, made.state, made.attempts) == ("Creating", {"config": "c"}, 0)
    assert made.created_at == made.modified_at == pytest.approx(time.time(), abs=5)
    assert endpoints.get("other") is None


def test_name_is_free_again_after_delete(endpoints: Resources) -> None:
    endpoints.create("fm", {})
    with pytest.raises(AlreadyExistsError, match="endpoint 'fm' is there already"):
        endpoints.create("fm", {})
    endpoints.delete("fm")
    endpoints.create("fm", {"second": True})
    with pytest.raises(NotFoundError, match="there is no endpoint 'gone'"):
        endpoints.delete("gone")


def test_change_touches_what_is_given_alone(endpoints: Resources) -> None:
    endpoints.create("fm", {"a": 1}, status="Creating", config="c", routes=[])
    changed = endpoints.change("fm", status="InService", routes=[1])
    assert (changed.request, changed.state) == ({"a": 1}, {"config": "c", "routes": [1]})
    assert changed.modified_at > changed.created_at
    assert endpoints.change("fm", request={"b": 2}).status == "InService"
    with pytest.raises(ConflictError, match="endpoint 'fm' is InService"):
        endpoints.change("fm", only_if={"Creating"}, status="Failed")
    with pytest.raises(NotFoundError, match="no endpoint 'gone'"):
        endpoints.change("gone", status="Failed")


def test_resource_is_worked_on_by_one_runner(endpoints: Resources) -> None:
    endpoints.create("first", {}, status="Creating")
    endpoints.create("second", {}, status="InService")
    endpoints.create("third", {}, status="Failed")
    wanted = {"Creating", "InService"}
    leased = [endpoints.lease(runner, 60, wanted) for runner in ("a", "b", "c")]
    assert [each and (each.name, each.attempts) for each in leased] == [
        ("first", 1),
        ("second", 1),
        None,
    ]
    for refused in (
        lambda: endpoints.change("first", runner_id="b", status="InService"),
        lambda: endpoints.renew("first", "b", 60),
        lambda: endpoints.release("first", "b"),
        lambda: endpoints.delete("first", runner_id="b"),
    ):
        with pytest.raises(LeaseLostError, match="'first' is held by a, not by b"):
            refused()
    endpoints.release("first", "a")
    again = endpoints.lease("b", 60, wanted)
    assert again is not None
    assert (again.name, again.attempts) == ("first", 2)


def test_lease_that_ran_out_is_taken_over(endpoints: Resources) -> None:
    endpoints.create("fm", {}, status="Creating")
    endpoints.lease("slow", -1, {"Creating"})
    assert endpoints.lease("fast", 60, {"Creating"}) is not None
    with pytest.raises(LeaseLostError, match="held by fast, not by slow"):
        endpoints.renew("fm", "slow", 60)
    renewed = endpoints.renew("fm", "fast", 120)
    assert renewed.lease_until == pytest.approx(time.time() + 120, abs=10)


def test_stop_is_noted_where_the_status_allows_it(store: Store) -> None:
    jobs = store.transform_jobs
    jobs.create("runs", {}, status="InProgress")
    jobs.create("done", {}, status="Completed")
    stopped = jobs.request_stop("runs", only_if={"InProgress"})
    assert (stopped.status, stopped.stop_requested) == ("Stopping", True)
    assert jobs.request_stop("runs", only_if={"InProgress"}) == stopped
    done = jobs.request_stop("done", only_if={"InProgress"})
    assert (done.status, done.stop_requested) == ("Completed", False)


def test_pages_join_to_the_whole_list_though_their_ends_are_deleted(store: Store) -> None:
    for index in range(7):
        store.models.create(f"model-{index * 5 % 7}", {})
    query = ResourceQuery(sort_by="Name", limit=3)
    found: list[str] = []
    while page := store.models.find(query):
        found += [model.name for model in page]
        query = ResourceQuery(sort_by="Name", limit=3, after=query.place_of(page[-1]))
        store.models.delete(page[-1].name)
    assert found == [f"model-{index}" for index in range(7)]
