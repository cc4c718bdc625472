"""The train program in Pipe mode: rows of a pipe for each epoch, from a writer of its own."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.job_tree import WITHOUT_REPORT, JobTree, rest_of_log
from integration.runs import one_hot_rows
from pairloom.batch import RowBatch
from pairloom.formats import write_recordio
from pairloom.training.checkpoint_folder import CheckpointFolder

SETTINGS = {"feature_dim": 900, "num_factors": 8, "predictor_type": "binary_classifier",
            "epochs": 3, "mini_batch_size": 100}  # fmt: skip
SOON = {**WITHOUT_REPORT, "PAIRLOOM_PIPE_WAIT_SECONDS": "20"}  # to give up


class PipeWriter(threading.Thread):
    """Offers the same bytes in one pipe after another, each made when the one before was read."""

    def __init__(
        self, channel: Path, content: bytes, pipes: range, *, late_seconds: float = 0.0
    ) -> None:
        super().__init__(daemon=True)
        self._channel, self._content, self._pipes = channel, content, pipes
        self._late_seconds = late_seconds
        self.start()

    def run(self) -> None:
        for number in self._pipes:
            pipe = self._channel.with_name(f"{self._channel.name}_{number}")
            time.sleep(self._late_seconds)
            os.mkfifo(pipe)
            try:
                pipe.write_bytes(self._content)
            except BrokenPipeError:
                return
            pipe.unlink()

    def end(self) -> None:
        """Wait for the end of a writer that nobody reads from any more."""
        for pipe in self._channel.parent.glob(f"{self._channel.name}_*"):
            os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
            pipe.unlink()
        self.join(timeout=20)
        assert not self.is_alive()


def recordio(tmp_path: Path, num_rows: int, *, seed: int = 0) -> bytes:
    write_recordio(tmp_path / "rows.pbr", one_hot_rows(num_rows, seed=seed))
    return (tmp_path / "rows.pbr").read_bytes()


def piped(tree: JobTree, *names: str) -> None:
    for name in names:
        tree.channel(name, "application/x-recordio-protobuf", TrainingInputMode="Pipe").rmdir()


def channel(tree: JobTree, name: str) -> Path:
    return tree.root / "input" / "data" / name


def model_bytes(tree: JobTree) -> bytes:
    (model,) = tree.model_folder.iterdir()
    return model.read_bytes()


def expected_bytes(
    tmp_path: Path, num_rows: int, held_out: Mapping[str, RowBatch] | None = None, **more: object
) -> bytes:
    """Return the model that File mode gives."""
    tree = JobTree(tmp_path / "files")
    tree.shards("train", one_hot_rows(num_rows))
    for name, rows in (held_out or {}).items():
        tree.shards(name, rows)
    tree.configure(**{**SETTINGS, **more})
    assert tree.train(**SOON).returncode == 0
    return model_bytes(tree)


def test_pipes_give_the_bytes_that_files_give(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "pipes")
    piped(tree, "train", "validation", "test")
    tree.configure(**SETTINGS)
    PipeWriter(channel(tree, "train"), recordio(tmp_path, 2000), range(3), late_seconds=0.2)
    seeds = {"validation": 1, "test": 2}
    for name, seed in seeds.items():
        PipeWriter(channel(tree, name), recordio(tmp_path, 500, seed=seed), range(1))
    done = tree.train(**SOON)
    assert done.returncode == 0, done.stdout
    assert f"Channel train is read from pipes, {channel(tree, 'train')}_0 and so on" in done.stdout
    held_out = {name: one_hot_rows(500, seed=seed) for name, seed in seeds.items()}
    assert model_bytes(tree) == expected_bytes(tmp_path, 2000, held_out)
    metrics = tree.metrics()
    assert [epoch["rows"] for epoch in metrics["history"]] == [2000] * 3
    assert all(epoch["validation"] for epoch in metrics["history"])
    assert metrics["test"]


@pytest.mark.parametrize("begins_again", [False, True], ids=["on from the epoch", "again from 0"])
def test_a_killed_job_reads_its_pipe_again_and_skips_what_was_trained(
    begins_again: bool, tmp_path: Path
) -> None:
    tree = JobTree(tmp_path / "pipes")
    piped(tree, "train")
    slowly: dict[str, Any] = {
        "mini_batch_size": 20,
        "num_factors": 64,
        "batch_metrics_publish_interval": 50,
    }
    tree.configure(**{**SETTINGS, **slowly})
    folder = tree.root / "checkpoints"
    folder.mkdir()
    content = recordio(tmp_path, 100_000)
    settings = {**SOON, "PAIRLOOM_CHECKPOINT_SECONDS": "0.01"}
    writer = PipeWriter(channel(tree, "train"), content, range(3))
    with tree.start(**settings) as process:
        assert process.stdout is not None
        before: set[Path] | None = None
        for line in process.stdout:
            if "epoch=1, batch=50 train binary_f" in line:
                before = set(folder.iterdir())
            if before is not None and set(folder.glob("checkpoint-*")) - before:
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
    newest = CheckpointFolder(folder).newest()
    assert newest is not None
    epoch, rows_done = newest.content["epoch"], newest.content["rows_done"]
    assert epoch >= 1
    writer.end()
    pipes = range(3 - epoch) if begins_again else range(epoch, 3)
    PipeWriter(channel(tree, "train"), content, pipes)
    done = tree.train(**settings)
    assert done.returncode == 0, done.stdout
    assert f"Going on from checkpoint {newest.path}: epoch={epoch}, after {rows_done} rows" in (
        done.stdout
    )
    first = re.search(rf"epoch={epoch}, batch=(\d+) train", done.stdout)
    assert first is None or int(first[1]) >= rows_done // 20
    assert model_bytes(tree) == expected_bytes(tmp_path, 100_000, **slowly)


@pytest.mark.parametrize("pipes", [0, 2])
def test_sigterm_ends_a_job_that_waits_for_a_pipe(pipes: int, tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "pipes")
    piped(tree, "train")
    tree.configure(**SETTINGS)
    PipeWriter(channel(tree, "train"), recordio(tmp_path, 2000), range(pipes))
    with tree.start(**SOON) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "is read from pipes" in line and pipes == 0:
                break
            if "epoch=1, train binary_f" in line:
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        sent = time.monotonic()
        log = rest_of_log(process)
        assert process.wait(timeout=60) == 0
    assert time.monotonic() - sent < 30
    assert f"SIGTERM came after {pipes} epochs" in log
    assert tree.metrics()["interrupted"]
    assert [path.name for path in tree.model_folder.iterdir()] == ["model_algo-1"]


@pytest.mark.parametrize("attempt", range(3))  # two threads race to see the signal
def test_sigterm_ends_a_job_whose_validation_rows_never_come(attempt: int, tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(100))
    piped(tree, "validation")
    tree.configure(**SETTINGS)
    with tree.start(**SOON) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "Read channel train" in line)
        time.sleep(0.02 * attempt)
        process.send_signal(signal.SIGTERM)
        log = rest_of_log(process)
        assert process.wait(timeout=30) == 0
    assert "SIGTERM came before training began: there is no model to save." in log
    assert list(tree.model_folder.iterdir()) == []
    assert not (tree.root / "output" / "failure").exists()


def test_a_pipe_that_ends_inside_a_record_is_named(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "pipes")
    piped(tree, "train")
    tree.configure(**SETTINGS)
    PipeWriter(channel(tree, "train"), recordio(tmp_path, 100)[:-3], range(1))
    assert tree.train(**SOON).returncode == 2
    assert f"ClientError: {channel(tree, 'train')}_0: " in tree.failure()


def test_a_pipe_that_nobody_offers_is_given_up(tmp_path: Path) -> None:
    tree = JobTree(tmp_path / "pipes")
    piped(tree, "train")
    tree.configure(**SETTINGS)
    assert tree.train(**{**SOON, "PAIRLOOM_PIPE_WAIT_SECONDS": "0.5"}).returncode == 2
    expected = f"ClientError: {channel(tree, 'train')}_0: no such fifo for 0.5 seconds\n"
    assert tree.failure() == expected


def test_a_pipe_needs_its_width_told(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.channel("train", "text/csv", TrainingInputMode="Pipe")
    tree.configure(num_factors=2, predictor_type="regressor")
    assert tree.train(**SOON).returncode == 2
    assert "channel train, read as text/csv: feature_dim: missing; in Pipe mode" in tree.failure()
