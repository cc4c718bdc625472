"""Whether the hosts of a job are workers, and what kind."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from pairloom.container import host_workers
from pairloom.container.environment import ONE_PROCESS, WORKER_MODE, WORKER_STALENESS
from pairloom.container.job_configuration import Channel, Hosts
from pairloom.container.job_log import JobLog, logging_to
from pairloom.container.job_settings import JobSettings
from pairloom.distributed import DistributedSettings, Workers
from pairloom.errors import UserError
from pairloom.hyperparameters import resolve

GIVEN = {"feature_dim": 10, "num_factors": 2, "predictor_type": "binary_classifier"}
FOR_ALL = {ONE_PROCESS: "true"}


@pytest.fixture(autouse=True)
def ray_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it found: nothing here starts it."""
    monkeypatch.setattr(host_workers, "find_spec", lambda name: name)


def workers(
    environment: Mapping[str, str], *, num_hosts: int = 2, **given: object
) -> tuple[Workers | None, str]:
    """Return what is decided and what the log says of it."""
    names = tuple(f"algo-{1 + host}" for host in range(num_hosts))
    settings = JobSettings(
        given=GIVEN,
        hyperparameters=resolve({**GIVEN, **given}),
        channels={"train": Channel("train", Path("train"), distribution="ShardedByS3Key")},
        checkpoints=None,
        writes_report=False,
        pipe_wait_seconds=1.0,
        max_memory_bytes=None,
    )
    stream = io.StringIO()
    with logging_to(stream):
        found = host_workers.workers_for_hosts(
            Hosts(names[0], names), environment, settings, JobLog(names[0])
        )
    return found, stream.getvalue()


def test_hosts_are_workers_of_mode_local_that_wait_for_each_merge() -> None:
    found, log = workers(FOR_ALL)
    assert found == Workers(settings=DistributedSettings(num_workers=2), replicated=False)
    assert "A worker for each of 2 hosts, algo-1, algo-2, trains on its part of the rows" in log


def test_environment_says_mode_and_staleness() -> None:
    ahead, _ = workers({**FOR_ALL, WORKER_STALENESS: "2"})
    assert ahead is not None
    assert ahead.settings == DistributedSettings(num_workers=2, staleness=2)
    shared, log = workers({**FOR_ALL, WORKER_MODE: "sync"})
    assert shared is not None
    assert shared.settings.mode == "sync"
    assert "in mode sync" in log


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({WORKER_MODE: "async"}, WORKER_MODE),
        ({WORKER_STALENESS: "-1"}, WORKER_STALENESS),
        ({WORKER_STALENESS: "some"}, WORKER_STALENESS),
        ({WORKER_STALENESS: "1", WORKER_MODE: "sync"}, "it belongs to mode 'local'"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(told: dict[str, str], rule: str) -> None:
    with pytest.raises(UserError, match=rule):
        workers({**FOR_ALL, **told})


def test_one_process_trains_where_settings_are_not_for_workers_and_the_log_says_why() -> None:
    found, log = workers(
        FOR_ALL, feature_table="growing", admission_count=2, untrained_features="zero"
    )
    assert found is None
    assert "One process trains as algo-1 on the data of all 2 hosts, algo-1, algo-2." in log
    assert "Workers could not share the job: " in log
    assert "admission_count" in log


def test_single_host_and_host_with_its_own_data_train_alone() -> None:
    assert workers(FOR_ALL, num_hosts=1) == (None, "")
    assert workers({}) == (None, "")
