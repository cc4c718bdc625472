"""A job killed with SIGKILL at ten moments, some while it writes a checkpoint, loses nothing."""

from __future__ import annotations

import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FEATURE_DIM = 200_000
NUM_ROWS = 200_000
FIELDS = 20
LEAST_SECONDS = 20
KILLS = 10
LEAST_KILLED_WRITING = 3
SECONDS = "seconds"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of one-hot rows, wide enough that a checkpoint takes a while to write."""
    folder = tmp_path_factory.mktemp("rows")
    for name, seed, num_rows in (("train", 0, NUM_ROWS), ("validation", 1, 5_000)):
        draw = np.random.default_rng(seed)
        width = FEATURE_DIM // FIELDS
        ids = np.arange(FIELDS) * width + (draw.power(0.2, (num_rows, FIELDS)) * width).astype(int)
        parts: dict[str, Any] = {
            "data": np.ones(ids.size, dtype=np.float32),
            "indices": ids.astype(np.int32).ravel(),
            "indptr": np.arange(0, ids.size + 1, FIELDS),
            "shape": (num_rows, FEATURE_DIM),
            "labels": (draw.random(num_rows) < 0.3 + 0.4 * (ids[:, 0] % 2)),
        }
        np.savez(folder / f"{name}.npz", **parts)
    return folder


def command(rows: Path, output: Path, epochs: int, *more: object) -> list[str]:
    given = [sys.executable, "-m", "pairloom", "train", "--train", rows / "train.npz",
             "--validation", rows / "validation.npz", "--output", output, "--epochs", epochs,
             "--feature-dim", FEATURE_DIM, "--num-factors", 16, "--shuffle", "--overwrite",
             "--predictor-type", "binary_classifier", "--early-stopping",
             "--early-stopping-patience", 1000, "--quiet", *more]  # fmt: skip
    return [str(argument) for argument in given]


def measured(output: Path) -> Any:
    return json.loads((output / "metrics.json").read_text())


def run_a_long_job(rows: Path, output: Path) -> int:
    """Train for more than LEAST_SECONDS; return the epochs that this took."""
    epochs = 2
    while True:
        subprocess.run(command(rows, output, epochs), check=True)
        seconds = measured(output)[SECONDS]["training"]
        if seconds > LEAST_SECONDS:
            return epochs
        epochs = math.ceil(1.25 * epochs * LEAST_SECONDS / seconds)


def kill_at_a_random_moment(
    process: subprocess.Popen[bytes], folder: Path, draw: random.Random
) -> bool:
    """Kill soon after some progress, so that the job lasts for all kills."""
    before = set(folder.glob("checkpoint-*"))
    while process.poll() is None and not set(folder.glob("checkpoint-*")) - before:
        time.sleep(0.005)
    time.sleep(draw.uniform(0.0, 0.3))
    process.send_signal(signal.SIGKILL)
    process.wait()
    return (folder / "checkpoint.partial").exists()


def kill_while_it_writes(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kill once a new checkpoint has been finished and the next has been begun."""
    before = set(folder.glob("checkpoint-*"))
    while process.poll() is None:
        if set(folder.glob("checkpoint-*")) - before and (folder / "checkpoint.partial").exists():
            break
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return (folder / "checkpoint.partial").exists()


@pytest.mark.slow
def test_a_killed_job_goes_on_to_the_same_bytes(rows: Path, tmp_path: Path) -> None:
    epochs = run_a_long_job(rows, tmp_path / "whole")
    whole = measured(tmp_path / "whole")

    folder = tmp_path / "checkpoints"
    folder.mkdir()
    draw = random.Random(5)
    kills = killed_writing = attempts = 0
    options = "--checkpoint-dir", folder, "--checkpoint-seconds", 0.1
    while kills < KILLS or killed_writing < LEAST_KILLED_WRITING:
        attempts += 1
        assert attempts < 4 * KILLS
        job = command(rows, tmp_path / "pieces", epochs, *options, "--threads", 1 + attempts % 3)
        process = subprocess.Popen(job)
        if attempts % 2:
            wrote = kill_while_it_writes(process, folder)
        else:
            wrote = kill_at_a_random_moment(process, folder, draw)
        if process.returncode == 0:  # the machine has become faster: the job is run once more
            for checkpoint in folder.iterdir():
                checkpoint.unlink()
            continue
        assert process.returncode == -signal.SIGKILL
        kills += 1
        killed_writing += wrote
    subprocess.run(command(rows, tmp_path / "pieces", epochs, *options), check=True)

    pieces = measured(tmp_path / "pieces")
    for metrics in (whole, pieces):
        del metrics[SECONDS]
        for epoch in metrics["history"]:
            del epoch[SECONDS]
    assert pieces == whole
    files = {path.name for path in (tmp_path / "whole").iterdir()} - {"metrics.json"}
    assert {"model.pairloom"} <= files
    for name in files:
        assert (tmp_path / "pieces" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (folder / "checkpoint.partial").exists()
    assert len(list(folder.iterdir())) == 2
