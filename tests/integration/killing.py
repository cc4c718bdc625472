"""A job that is killed with SIGKILL again and again, some of the times while it writes."""

from __future__ import annotations

import math
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pairloom.batch import RowBatch

FEATURE_DIM = 200_000
FIELDS = 20
LEAST_SECONDS = 20
KILLS = 10
LEAST_KILLED_WRITING = 3

Start = Callable[[int], "subprocess.Popen[bytes]"]


def wide_rows(num_rows: int, *, seed: int) -> RowBatch:
    """Return one-hot rows, so wide that a checkpoint of their model takes a while to write."""
    draw = np.random.default_rng(seed)
    width = FEATURE_DIM // FIELDS
    ids = np.arange(FIELDS) * width + (draw.power(0.2, (num_rows, FIELDS)) * width).astype(int)
    labels = draw.random(num_rows) < 0.3 + 0.4 * (ids[:, 0] % 2)
    return RowBatch(
        feature_dim=FEATURE_DIM,
        row_offsets=np.arange(0, ids.size + 1, FIELDS, dtype=np.int64),
        feature_ids=ids.ravel().astype(np.int32),
        labels=labels.astype(np.float32),
    )


def epochs_of_a_long_job(train: Callable[[int], float]) -> int:
    """Train for more than LEAST_SECONDS; return the epochs that this took.

    `train` trains so many epochs and returns the seconds of it.
    """
    epochs = 2
    while (seconds := train(epochs)) <= LEAST_SECONDS:
        epochs = math.ceil(1.25 * epochs * LEAST_SECONDS / seconds)
    return epochs


def kill_again_and_again(start: Start, folder: Path) -> None:
    """Start a job, which goes on from its checkpoints, and kill it, until there were KILLS.

    `start` is given the number of the attempt. At least LEAST_KILLED_WRITING kills hit a
    checkpoint that was being written.
    """
    draw = random.Random(5)
    kills = killed_writing = attempts = 0
    while kills < KILLS or killed_writing < LEAST_KILLED_WRITING:
        attempts += 1
        assert attempts < 4 * KILLS
        process = start(attempts)
        if attempts % 2:
            wrote = _kill_while_it_writes(process, folder)
        else:
            wrote = _kill_at_a_random_moment(process, folder, draw)
        if process.returncode == 0:  # the machine has become faster: the job is run once more
            for checkpoint in folder.iterdir():
                checkpoint.unlink()
            continue
        assert process.returncode == -signal.SIGKILL
        kills += 1
        killed_writing += wrote


def _kill_at_a_random_moment(
    process: subprocess.Popen[bytes], folder: Path, draw: random.Random
) -> bool:
    """Kill soon after some progress, so that the job lasts for all kills."""
    before = set(folder.glob("checkpoint-*"))
    while process.poll() is None and not set(folder.glob("checkpoint-*")) - before:
        time.sleep(0.005)
    time.sleep(draw.uniform(0.0, 0.3))
    return _kill(process, folder)


def _kill_while_it_writes(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Kill once a new checkpoint has been finished and the next has been begun."""
    before = set(folder.glob("checkpoint-*"))
    while process.poll() is None:
        if set(folder.glob("checkpoint-*")) - before and (folder / "checkpoint.partial").exists():
            break
        time.sleep(0.0005)
    return _kill(process, folder)


def _kill(process: subprocess.Popen[bytes], folder: Path) -> bool:
    process.send_signal(signal.SIGKILL)
    process.wait()
    return (folder / "checkpoint.partial").exists()
