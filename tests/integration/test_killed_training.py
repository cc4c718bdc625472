"""A job killed with SIGKILL at ten moments, some while it writes a checkpoint, loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.killing import (
    FEATURE_DIM,
    epochs_of_a_long_job,
    kill_again_and_again,
    wide_rows,
)

NUM_ROWS = 200_000
SECONDS = "seconds"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    for name, seed, num_rows in (("train", 0, NUM_ROWS), ("validation", 1, 5_000)):
        batch = wide_rows(num_rows, seed=seed)
        parts: dict[str, Any] = {
            "data": np.ones(batch.num_nonzeros, dtype=np.float32),
            "indices": batch.feature_ids,
            "indptr": batch.row_offsets,
            "shape": (num_rows, FEATURE_DIM),
            "labels": batch.labels,
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


@pytest.mark.slow
def test_a_killed_job_goes_on_to_the_same_bytes(rows: Path, tmp_path: Path) -> None:
    def train(epochs: int) -> float:
        subprocess.run(command(rows, tmp_path / "whole", epochs), check=True)
        return float(measured(tmp_path / "whole")[SECONDS]["training"])

    epochs = epochs_of_a_long_job(train)
    whole = measured(tmp_path / "whole")
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    options = "--checkpoint-dir", folder, "--checkpoint-seconds", 0.1

    def start(attempt: int) -> subprocess.Popen[bytes]:
        threads = "--threads", 1 + attempt % 3
        return subprocess.Popen(command(rows, tmp_path / "pieces", epochs, *options, *threads))

    kill_again_and_again(start, folder)
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
