"""API, object store and supervisor, each killed while a platform has everything under way."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from integration.platform.program_watch import programs_counted
from integration.platform.running_jobs import BUCKET
from integration.platform.running_platform import started_platform
from integration.platform.work_under_way import (
    BIAS,
    WorkUnderWay,
    until,
    uploading,
    work_on,
)

pytestmark = pytest.mark.platform

UPLOAD_BYTES = 80 << 20


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkUnderWay]:
    """Start a platform for each test, since a second try needs the same names."""
    folder, scratch = (tmp_path_factory.mktemp(name) for name in ("platform", "scratch"))
    with started_platform(folder) as platform, work_on(platform, scratch) as work:
        yield work
    assert platform.strays() == {}


def kill(work: WorkUnderWay, name: str) -> None:
    """Kill a process; the supervisor is started again, on the same port, as a user would."""
    platform = work.platform
    port = platform.settings.port
    killed = platform.kill(name)
    if name == "supervisor":
        again = platform.up("--port", str(port))
        assert again.returncode == 0, again.stderr
    else:
        until(lambda: platform.pids()[name] not in {killed, None})
    until(lambda: not platform.strays())


@pytest.mark.parametrize("name", ["api", "objectstore", "supervisor"])
def test_everything_under_way_ends_once_when_a_process_is_killed(
    work: WorkUnderWay, name: str
) -> None:
    assert work.endpoint_ending("served")["EndpointStatus"] == "InService"
    content = random.Random(name).randbytes(UPLOAD_BYTES)
    with programs_counted(work.platform.folder) as counts:
        train = work.submit(f"train-{name}")
        transform = work.transform(f"transform-{name}", f"s3://{BUCKET}/lines/")
        tuning = work.tune(f"tune-{name}")
        until(lambda: work.has_begun(train) and bool(work.children(tuning)))
        with uploading(work.s3, f"uploaded-{name}", content) as upload:
            work.create_endpoint(f"made-{name}")
            assert work.job(train)["TrainingJobStatus"] == "InProgress"
            assert not upload.done()
            kill(work, name)
            assert work.score("served") == BIAS
            upload.result(120)
        assert work.get(f"uploaded-{name}") == content
        began = work.check_job(train)
        assert began == (2 if name == "supervisor" else 1)
        # Now the training jobs of the tuning job have the cores.
        assert work.tuning(tuning)["HyperParameterTuningJobStatus"] == "InProgress"
        kill(work, name)
        work.check_transform(transform)
        work.check_tuning(tuning)
    for endpoint in ("served", f"made-{name}"):
        described = work.endpoint_ending(endpoint)
        assert described["EndpointStatus"] == "InService", described.get("FailureReason")
        assert work.score(endpoint) == BIAS
    work.sagemaker.delete_endpoint(EndpointName=f"made-{name}")
    assert max(counts.of_job.values()) == 1, counts.of_job
    assert {train, transform} <= {root.rpartition("/")[2] for root in counts.of_job}
