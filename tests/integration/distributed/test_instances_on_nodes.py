"""Jobs of two instances over the Ray that the platform was given, of which a node is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mnist import load_mnist
from mnist_settings import INTRODUCTION

from click_cluster import click_rows, click_settings
from integration.distributed.equal_models import same_parameters
from integration.distributed.instance_jobs import InstanceJob, make_bucket, start_job
from integration.distributed.ray_nodes import Nodes, two_nodes
from integration.platform.running_platform import RunningPlatform, started_platform
from pairloom.data.joined_rows import join_rows
from pairloom.hyperparameters import resolve
from pairloom.training import evaluate, train

pytestmark = pytest.mark.distributed


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with two_nodes() as nodes:
        yield nodes


@pytest.fixture(scope="module")
def platform(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("platform")
    with started_platform(folder, "--ray-address", nodes.address) as running:
        make_bucket(running)
        yield running


def kill_a_node_of(job: InstanceJob, nodes: Nodes) -> str:
    """Kill a node while the job trains; return what the job said by its end."""
    job.wait_for_round(2)
    nodes.kill_other()
    job.wait_for_end()
    said = job.log()
    assert f"over Ray at {nodes.address}." in said
    assert "All are started anew from that round" in said
    return said


def test_mnist_in_mode_sync_gives_the_model_of_one_process(
    nodes: Nodes, platform: RunningPlatform, tmp_path: Path
) -> None:
    nodes.complete()
    images = load_mnist()
    shards = [images.train.slice(*part).rows() for part in ((0, 12_000), (12_000, 20_000))]
    settings = resolve({**INTRODUCTION, "epochs": 5})
    job = start_job(platform, "mnist", shards, settings, tmp_path, PAIRLOOM_WORKER_MODE="sync")
    said = kill_a_node_of(job, nodes)
    assert "in mode sync" in said
    alone = train(join_rows(shards), settings).model
    assert same_parameters(job.model(tmp_path), alone)
    assert evaluate(alone, images.test.rows())["binary_classification_accuracy"] > 0.985


def test_clicks_in_mode_local_give_a_model_as_good_as_that_of_one_process(
    nodes: Nodes, platform: RunningPlatform, tmp_path: Path
) -> None:
    nodes.complete()
    shards = [click_rows(20_000, seed=number) for number in range(2)]
    settings = click_settings(epochs=10)
    # What the request says of Ray is not heard: who joins one trusts it.
    job = start_job(
        platform, "clicks", shards, settings, tmp_path, PAIRLOOM_RAY_ADDRESS="127.0.0.1:1"
    )
    kill_a_node_of(job, nodes)
    test = click_rows(20_000, seed=9)
    losses = [
        evaluate(model, test)["binary_classification_cross_entropy"]
        for model in (train(join_rows(shards), settings).model, job.model(tmp_path))
    ]
    assert losses[1] < 1.005 * losses[0], losses
