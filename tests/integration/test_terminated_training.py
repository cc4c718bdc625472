"""`pairloom train` under SIGTERM: the model so far is written, and a later run goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.runs import one_hot_rows
from pairloom.cli import main
from pairloom.model import Model
from pairloom.reports.run_folder import model_file
from pairloom.training import evaluate

EPOCHS = 400
LOSS = "binary_classification_cross_entropy"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    for name, seed in (("train", 0), ("validation", 1)):
        batch = one_hot_rows(4000, seed=seed)
        parts: dict[str, Any] = {
            "data": np.ones(batch.num_nonzeros, dtype=np.float32),
            "indices": batch.feature_ids,
            "indptr": batch.row_offsets,
            "shape": (batch.num_rows, batch.feature_dim),
            "labels": batch.labels,
        }
        np.savez(folder / f"{name}.npz", **parts)
    return folder


def arguments(rows: Path, output: Path, *more: object) -> list[str]:
    given = ["train", "--train", rows / "train.npz", "--output", output, "--feature-dim", 900,
             "--num-factors", 8, "--predictor-type", "binary_classifier", "--epochs", EPOCHS,
             "--mini-batch-size", 100, "--shuffle", "--factors-lr", 0.01, *more]  # fmt: skip
    return [str(argument) for argument in given]


def terminated(command: list[str], after: str) -> tuple[int, str]:
    """Run the program, send SIGTERM after a line that begins so, return its code and last line."""
    program = [sys.executable, "-m", "pairloom", *command]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(after):
                process.send_signal(signal.SIGTERM)
                break
        last = process.stderr.read().splitlines()[-1]
        return process.wait(timeout=60), last


def test_sigterm_saves_the_model_of_the_best_epoch(rows: Path, tmp_path: Path) -> None:
    command = arguments(rows, tmp_path / "run", "--validation", rows / "validation.npz",
                        "--test", rows / "validation.npz", "--factors-lr", 0.2)  # fmt: skip
    code, last = terminated(command, after="epoch 12 of 400")
    assert code == 143
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    said = f"ended by SIGTERM after {metrics['epochs_run']} of 400 epochs; the model so far was"
    assert said in last
    assert metrics["interrupted"]
    assert "test" not in metrics
    losses = [epoch["validation"][LOSS] for epoch in metrics["history"]]
    assert metrics["best_epoch"] == losses.index(min(losses)) < len(losses) - 1
    model = Model.load(model_file(tmp_path / "run"))
    with np.load(rows / "validation.npz") as parts:
        assert len(parts["labels"]) == 4000
    assert evaluate(model, one_hot_rows(4000, seed=1))[LOSS] == min(losses)


def test_a_run_goes_on_after_sigterm(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(rows, tmp_path / "whole.tar.gz"), "--quiet"]) == 0
    checkpoints = "--checkpoint-dir", tmp_path / "checkpoints", "--checkpoint-seconds", 0.05
    command = arguments(rows, tmp_path / "pieces.tar.gz", *checkpoints)
    for line in ("epoch 5 of", "epoch 50 of"):
        assert terminated([*command, "--threads", "1", "--overwrite"], after=line)[0] == 143
    capsys.readouterr()
    assert main([*command, "--overwrite"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(str(tmp_path / "checkpoints" / "checkpoint-0"))
    assert ": going on in epoch " in first
    whole, pieces = (tmp_path / f"{name}.tar.gz" for name in ("whole", "pieces"))
    assert pieces.read_bytes() == whole.read_bytes()


def test_without_folder_checkpoint_options_are_refused(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(rows, tmp_path / "run", "--checkpoint-epochs", 2)) == 2
    assert "--checkpoint-epochs need --checkpoint-dir" in capsys.readouterr().err
    for seconds in ("0", "-1", "nan", "soon"):
        assert main(arguments(rows, tmp_path / "run", f"--checkpoint-seconds={seconds}")) == 2
        assert f"'{seconds}' is refused; must be a finite number > 0" in capsys.readouterr().err


def test_a_checkpoint_of_another_run_is_a_user_error(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = "--checkpoint-dir", tmp_path / "checkpoints", "--checkpoint-epochs", 1
    few = arguments(rows, tmp_path / "run", *folder, "--epochs", 2)
    assert main(few) == 0
    capsys.readouterr()
    assert main([*few, "--overwrite", "--mini-batch-size", "50"]) == 2
    assert (
        "checkpoint was made with mini_batch_size 100, this run has 50" in capsys.readouterr().err
    )
