"""Endpoints on a disk that has no room for a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.platform.running_endpoints import (
    BUCKET,
    RunningEndpoints,
    running_endpoints,
    variant,
)
from unit.platform.objectstore.running_store import RunningStore

pytestmark = pytest.mark.platform

# Room for small models beside what is kept free.
MOUNT = "mkdir -p '{0}' && mount -t tmpfs -o size=18m none '{0}' && exec \"$@\""


@pytest.fixture(scope="module")
def endpoints(
    running_objects: RunningStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningEndpoints]:
    """Return endpoints whose runner has a small disk of its own."""
    running_objects.client.create_bucket(Bucket=BUCKET)
    folder = tmp_path_factory.mktemp("endpoints")
    mount = MOUNT.format(folder / "endpoints")
    before = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    with running_endpoints(folder, running_objects, own_process=True, before=before) as running:
        assert running.settings.endpoints_folder == folder / "endpoints"
        large = running.put("large/model.tar.gz", bytes(4 << 20))
        running.make_model("large", 0.0, ModelDataUrl=large)
        running.make_model("small", 1.5)
        for name in ("large", "small"):
            running.make_config(name, variant("A", name))
        yield running


def test_model_that_the_disk_has_no_room_for_fails_the_endpoint_and_not_the_next(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.create("large", "large")
    record = endpoints.wait("large", lambda record: record.status == "Failed")
    reason = record.state["failure_reason"]
    assert reason.startswith(
        "InternalServerError: the disk is full: s3://models/large/model.tar.gz"
    )
    assert "needs 4,194,304 bytes" in reason
    endpoints.delete("large")
    endpoints.wait(endpoints.create("small", "small"))
    assert endpoints.score("small") == 1.5


def test_update_that_the_disk_has_no_room_for_leaves_what_was_served(
    endpoints: RunningEndpoints,
) -> None:
    endpoints.wait(endpoints.create("served", "small"))
    endpoints.update("served", "large")
    record = endpoints.wait("served")
    assert record.state["config"] == "small"
    assert "the disk is full" in record.state["failure_reason"]
    assert endpoints.score("served") == 1.5
