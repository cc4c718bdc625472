"""The train program killed with SIGKILL at ten moments writes the bytes of an unharmed one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contract.job_tree import WITHOUT_REPORT, JobTree
from integration.killing import (
    FEATURE_DIM,
    epochs_of_a_long_job,
    kill_again_and_again,
    wide_rows,
)

EVERY_MOMENT = {**WITHOUT_REPORT, "PAIRLOOM_CHECKPOINT_SECONDS": "0.1"}


def configure(tree: JobTree, epochs: int) -> None:
    tree.configure(feature_dim=FEATURE_DIM, num_factors=16, predictor_type="binary_classifier",
                   epochs=epochs, shuffle="true", early_stopping="true",
                   early_stopping_patience=1000)  # fmt: skip


def without_seconds(tree: JobTree) -> Any:
    metrics = tree.metrics()
    del metrics["seconds"]
    for epoch in metrics["history"]:
        del epoch["seconds"]
    return metrics


@pytest.mark.slow
def test_a_killed_job_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole, pieces = JobTree(tmp_path / "whole"), JobTree(tmp_path / "pieces")
    for tree in (whole, pieces):
        tree.shards("train", *(wide_rows(100_000, seed=seed) for seed in (0, 1)))
        for name, seed in (("validation", 2), ("test", 3)):
            tree.shards(name, wide_rows(5_000, seed=seed))

    def train(epochs: int) -> float:
        configure(whole, epochs)
        assert whole.train(**WITHOUT_REPORT).returncode == 0
        return float(whole.metrics()["seconds"]["training"])

    configure(pieces, epochs_of_a_long_job(train))
    folder = pieces.root / "checkpoints"
    folder.mkdir()

    def start(attempt: int) -> subprocess.Popen[bytes]:
        cores = sorted(os.sched_getaffinity(0))
        allowed = ["taskset", "-c", ",".join(map(str, cores[: 1 + attempt % 3]))]
        return subprocess.Popen(
            [*allowed, *pieces.command()],
            env=os.environ | EVERY_MOMENT,
            stdout=subprocess.DEVNULL,
        )

    kill_again_and_again(start, folder)
    done = pieces.train(**EVERY_MOMENT)
    assert done.returncode == 0
    assert f"Going on from checkpoint {folder}/checkpoint-0" in done.stdout

    assert without_seconds(pieces) == without_seconds(whole)
    first, second = (tree.model_folder / "model_algo-1" for tree in (whole, pieces))
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in pieces.model_folder.iterdir()] == ["model_algo-1"]
    assert len(list(folder.iterdir())) == 2
