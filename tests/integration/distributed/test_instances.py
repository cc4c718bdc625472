"""A training job of two instances through the API: a worker for each, of which one is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from click_cluster import FEATURE_DIM, click_rows, click_settings
from integration.distributed.instance_jobs import make_bucket, start_job
from integration.distributed.process_tree import named_below
from integration.platform.running_platform import RunningPlatform, started_platform
from pairloom.training import evaluate, train

pytestmark = pytest.mark.distributed

WORKER = b"ray::WorkerActor"
LOSS = "binary_classification_cross_entropy"
SIZES = (2500, 1500)
EPOCHS = 40


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with started_platform(tmp_path_factory.mktemp("platform")) as running:
        make_bucket(running)
        yield running


def test_two_instances_train_as_two_workers_of_which_one_is_killed(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    settings = click_settings(epochs=EPOCHS)
    shards = [click_rows(size, seed=number) for number, size in enumerate(SIZES)]
    job = start_job(platform, "clicks", shards, settings, tmp_path)
    job.wait_for_round(2)
    supervisor = platform.state.supervisor.pid
    assert supervisor
    os.kill(named_below(supervisor, WORKER)[0], signal.SIGKILL)

    job.wait_for_end()
    said = job.log()
    assert "A worker for each of 2 hosts, algo-1, algo-2, trains on its part" in said
    assert "in mode local, over Ray on this machine." in said
    assert "All are started anew from that round" in said

    model = job.model(tmp_path)
    test, rows = click_rows(2000, seed=9), click_rows(sum(SIZES), seed=0)
    assert model.feature_dim == FEATURE_DIM
    alone = evaluate(train(rows, settings).model, test)[LOSS]
    assert evaluate(model, test)[LOSS] < 1.05 * alone
    assert not named_below(supervisor, WORKER)
