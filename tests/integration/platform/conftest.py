"""What the tests of the platform's parts together share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.platform.running_jobs import BUCKET, RunningJobs, recordio, small_rows
from unit.platform.objectstore.running_store import RunningStore


@pytest.fixture(scope="module")
def running_objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    running = RunningStore(tmp_path_factory.mktemp("objects"))
    client = running.client
    client.create_bucket(Bucket=BUCKET)
    content = recordio(small_rows(), tmp_path_factory.mktemp("rows"))
    client.put_object(Bucket=BUCKET, Key="in/train/rows.pbr", Body=content)
    client.put_object(Bucket=BUCKET, Key="in/test/rows.pbr", Body=content)
    yield running
    running.stop()


@pytest.fixture
def jobs(running_objects: RunningStore, tmp_path: Path) -> Iterator[RunningJobs]:
    running = RunningJobs(tmp_path / "platform", running_objects)
    yield running
    running.close()
