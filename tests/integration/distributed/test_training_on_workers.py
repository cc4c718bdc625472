"""Training over two Ray nodes on this machine, of which workers, owners and one whole node die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mnist import load_mnist
from mnist_settings import INTRODUCTION

from click_cluster import LocalCluster, click_rows, click_settings, seen_bytes, shares
from integration.distributed.equal_models import same_parameters
from integration.distributed.process_tree import named_below
from integration.distributed.ray_nodes import Nodes, two_nodes
from integration.distributed.train_commands import LOCAL, Command
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowStream
from pairloom.distributed import DistributedSettings, Workers, train_on_workers
from pairloom.formats import read_recordio, write_recordio
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import Checkpoints, ProgressEvent, TrainingEvent, evaluate, train
from pairloom.training.feature_table import grows

pytestmark = pytest.mark.distributed

SETTINGS = DistributedSettings(num_workers=2, round_rows=400)
HASH_BITS = 30
LOSS = "binary_classification_cross_entropy"
ACCURACY = "binary_classification_accuracy"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with two_nodes() as nodes:
        yield nodes


def workers(nodes: Nodes, settings: DistributedSettings = SETTINGS) -> Workers:
    return Workers(settings=settings, address=nodes.address)


def killer(name: bytes) -> Callable[[], None]:
    """Return what kills one process of this name below this one."""

    def kill() -> None:
        os.kill(named_below(os.getpid(), name)[0], signal.SIGKILL)

    return kill


def after_rounds(faults: dict[int, Callable[[], None]]) -> Callable[[TrainingEvent], None]:
    """Return a listener that lets each fault happen after so many rounds."""
    rounds = 0

    def listen(event: TrainingEvent) -> None:
        nonlocal rounds
        if isinstance(event, ProgressEvent):
            rounds += 1
            faults.pop(rounds, lambda: None)()

    return listen


def test_killed_workers_and_owners_change_no_byte(nodes: Nodes, tmp_path: Path) -> None:
    rows, settings = click_rows(3000), click_settings(epochs=2)
    faults = {2: killer(b"ray::WorkerActor"), 5: killer(b"ray::OwnerActor")}
    result = train_on_workers(
        workers(nodes),
        rows,
        settings,
        on_event=after_rounds(faults),
        checkpoints=Checkpoints(tmp_path),
    )
    assert not faults
    in_one_process = LocalCluster(SETTINGS, settings, shares(rows, 2)).run()
    assert same_parameters(result.model, in_one_process.workers[0].model)
    assert [event.rows for event in result.history] == [3000, 3000]


def test_workers_ahead_of_merges_train_the_same_bytes_and_lose_no_row_when_killed(
    nodes: Nodes, tmp_path: Path
) -> None:
    ahead = DistributedSettings(num_workers=2, round_rows=400, staleness=1)
    rows, settings = click_rows(3000), click_settings(epochs=2)
    result = train_on_workers(workers(nodes, ahead), rows, settings)
    in_one_process = LocalCluster(ahead, settings, shares(rows, 2)).run().workers[0].model
    assert same_parameters(result.model, in_one_process)
    faults = {4: killer(b"ray::OwnerActor")}  # the epoch's last; an empty one is under way
    killed = train_on_workers(
        workers(nodes, ahead),
        rows,
        settings,
        on_event=after_rounds(faults),
        checkpoints=Checkpoints(tmp_path),
    )
    assert not faults
    assert [event.rows for event in killed.history] == [3000, 3000]
    test = click_rows(2000, seed=1)
    losses = [evaluate(model, test)[LOSS] for model in (in_one_process, killed.model)]
    assert losses[1] < 1.02 * losses[0]


def test_workers_that_share_mini_batches_train_the_bytes_of_one_process_though_killed(
    nodes: Nodes, tmp_path: Path
) -> None:
    rows = click_rows(320 * 100)
    settings = click_settings(epochs=2, mini_batch_size=320, _optimizer="ftrl")
    faults = {20: killer(b"ray::WorkerActor"), 90: killer(b"ray::OwnerActor")}
    result = train_on_workers(
        workers(nodes, DistributedSettings(num_workers=2, mode="sync")),
        rows,
        settings,
        on_event=after_rounds(faults),
        checkpoints=Checkpoints(tmp_path),
    )
    assert not faults
    alone = train(rows, settings)
    assert same_parameters(result.model, alone.model)
    assert [event.train for event in result.history] == [event.train for event in alone.history]
    assert result.state.trainer.step_count == 200


def test_streamed_shards_are_dealt_out_and_seen_once(nodes: Nodes, tmp_path: Path) -> None:
    sizes = [100, 1500, 700]
    shards = tmp_path / "shards"
    shards.mkdir()
    for number, size in enumerate(sizes):
        write_recordio(shards / f"{number}.pbr", click_rows(size, seed=number))
    settings = click_settings(epochs=2)
    stream = RowStream.of(
        shards,
        options=FileOptions(),
        feature_dim=settings.feature_dim,
        predictor_type="binary_classifier",
    )
    result = train_on_workers(workers(nodes), stream, settings)
    assert [event.rows for event in result.history] == [sum(sizes)] * 2
    again = train_on_workers(workers(nodes), stream, settings)
    assert same_parameters(result.model, again.model)


def test_a_killed_worker_changes_no_byte_of_a_model_of_hashed_ids(
    nodes: Nodes, tmp_path: Path
) -> None:
    write_recordio(tmp_path / "rows.pbr", with_hashes(click_rows(3000)))
    width = ("--epochs=6", f"--hash-bits={HASH_BITS}", f"--feature-dim={2**HASH_BITS}")
    run = Command(tmp_path, LOCAL, f"--ray-address={nodes.address}", *width)
    run.wait_for_round(2)
    os.kill(named_below(os.getpid(), b"ray::WorkerActor")[0], signal.SIGKILL)
    said = run.process.communicate(timeout=300)[1]
    assert run.process.returncode == 0, said
    assert "All are started anew from that round" in said
    rows = read_recordio(tmp_path / "rows.pbr", hash_bits=HASH_BITS)
    settings = click_settings(epochs=6, hash_bits=HASH_BITS, feature_dim=rows.feature_dim)
    assert grows(settings)
    undisturbed = LocalCluster(SETTINGS, settings, shares(rows, 2)).run()
    expected = undisturbed.workers[0].model
    assert len(expected.stored_features) > 1000
    model = Model.load(tmp_path / "run" / "model.pairloom")
    assert seen_bytes(model) == seen_bytes(expected)


def with_hashes(rows: RowBatch) -> RowBatch:
    """Return the same rows with a number of 62 bits for each feature."""
    assert rows.feature_ids is not None
    hashes = np.random.default_rng(5).integers(0, 2**62, rows.feature_dim)
    ids = np.sort(hashes[rows.feature_ids].reshape(rows.num_rows, -1), axis=1)
    return replace(rows, feature_dim=2**62, feature_ids=ids.ravel())


def test_a_killed_node_leaves_a_model_as_good_as_that_of_one_process(
    nodes: Nodes, tmp_path: Path
) -> None:
    """The last one, since the node stays dead."""
    images = load_mnist()
    rows, test = images.train.slice(0, 20_000).rows(), images.test.rows()
    values = {**INTRODUCTION, "epochs": 3}
    alone = [
        evaluate(train(rows, resolve({**values, "seed": seed}), num_threads=1).model, test)[
            ACCURACY
        ]
        for seed in range(3)
    ]
    faults = {3: nodes.kill_other}
    result = train_on_workers(
        workers(nodes, DistributedSettings(num_workers=2, round_rows=2000)),
        rows,
        resolve(values),
        on_event=after_rounds(faults),
        checkpoints=Checkpoints(tmp_path),
    )
    assert not faults
    assert evaluate(result.model, test)[ACCURACY] >= min(alone) - 0.004
    assert [event.rows for event in result.history] == [20_000] * 3
