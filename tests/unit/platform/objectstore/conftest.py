"""What the tests of the object store share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unit.platform.objectstore.running_store import RunningStore


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    running = RunningStore(tmp_path_factory.mktemp("objectstore"))
    yield running
    running.stop()
