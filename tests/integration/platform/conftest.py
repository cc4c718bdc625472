"""What the tests of the platform's parts together share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.platform.running_endpoints import BUCKET as MODELS_BUCKET
from integration.platform.running_endpoints import RunningEndpoints, running_endpoints
from integration.platform.running_jobs import BUCKET, RunningJobs, recordio, small_rows
from integration.platform.running_platform import RunningPlatform, started_platform
from integration.platform.running_transforms import RunningTransforms, model_archive
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


@pytest.fixture(scope="session")
def sdk_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """One platform for all tests of the SageMaker SDK."""
    with started_platform(tmp_path_factory.mktemp("sdk")) as running:
        yield running


@pytest.fixture(scope="module")
def endpoints(
    running_objects: RunningStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningEndpoints]:
    running_objects.client.create_bucket(Bucket=MODELS_BUCKET)
    with running_endpoints(tmp_path_factory.mktemp("endpoints"), running_objects) as running:
        yield running


@pytest.fixture(scope="module")
def mortal_endpoints(
    running_objects: RunningStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningEndpoints]:
    """Endpoints whose runner may be killed."""
    running_objects.client.create_bucket(Bucket=MODELS_BUCKET)
    folder = tmp_path_factory.mktemp("endpoints")
    with running_endpoints(folder, running_objects, own_process=True) as running:
        yield running


@pytest.fixture
def transforms(running_objects: RunningStore, tmp_path: Path) -> Iterator[RunningTransforms]:
    running = RunningTransforms(tmp_path / "platform", running_objects)
    running.make_model(model_archive(tmp_path))
    yield running
    running.close()
