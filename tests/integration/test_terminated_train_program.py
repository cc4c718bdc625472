"""The train program under SIGTERM: it ends within seconds, with code 0 and what there is."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from contract.job_tree import WITHOUT_REPORT, JobTree, rest_of_log
from integration.runs import one_hot_rows
from pairloom.model import Model
from pairloom.training import evaluate

LOSS = "binary_classification_cross_entropy"
SETTINGS = {"feature_dim": 900, "num_factors": 8, "predictor_type": "binary_classifier",
            "epochs": 100_000, "mini_batch_size": 100}  # fmt: skip


def terminated(tree: JobTree, *, after: str, **environment: str) -> tuple[int, str, float]:
    """Send SIGTERM after a line that holds `after`; return code, rest of the log and seconds."""
    with tree.start(**WITHOUT_REPORT, **environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if after in line:
                process.send_signal(signal.SIGTERM)
                break
        sent = time.monotonic()
        log = rest_of_log(process)
        return process.wait(timeout=60), log, time.monotonic() - sent


def test_sigterm_saves_the_model_of_the_best_epoch(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(4000))
    validation = one_hot_rows(4000, seed=1)
    tree.shards("validation", validation)
    tree.shards("test", one_hot_rows(1000, seed=2))
    tree.configure(**SETTINGS, factors_lr=0.2)
    code, log, seconds = terminated(tree, after="epoch=12, train binary_f")
    assert code == 0
    assert seconds < 30
    assert "the model so far is saved: of the best epoch by validation" in log
    assert "#test_score" not in log
    metrics = tree.metrics()
    losses = [epoch["validation"][LOSS] for epoch in metrics["history"]]
    assert metrics["interrupted"]
    assert metrics["best_epoch"] == losses.index(min(losses)) < len(losses) - 1
    assert [path.name for path in tree.model_folder.iterdir()] == ["model_algo-1"]
    model = Model.load(tree.model_folder / "model_algo-1")
    assert evaluate(model, validation)[LOSS] == min(losses)
    assert not (tree.root / "output" / "failure").exists()


def test_sigterm_without_validation_saves_the_last_parameters_and_a_checkpoint(
    tmp_path: Path,
) -> None:
    whole, pieces = JobTree(tmp_path / "whole"), JobTree(tmp_path / "pieces")
    for tree in (whole, pieces):
        tree.shards("train", one_hot_rows(4000))
        tree.configure(**{**SETTINGS, "epochs": 60})
    (pieces.root / "checkpoints").mkdir()
    code, log, _ = terminated(pieces, after="epoch=4, train binary_f")
    assert code == 0
    epochs = pieces.metrics()["epochs_run"]
    assert f"SIGTERM came after {epochs} epochs" in log
    assert 5 <= epochs < 60
    assert (pieces.model_folder / "model_algo-1").exists()

    for tree in (whole, pieces):
        assert tree.train(**WITHOUT_REPORT).returncode == 0
    first, second = (tree.model_folder / "model_algo-1" for tree in (whole, pieces))
    assert first.read_bytes() == second.read_bytes()
    assert whole.metrics()["history"][-1]["train"] == pieces.metrics()["history"][-1]["train"]


def test_sigterm_ends_a_job_that_waits_for_its_input(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.channel("train").rmdir()
    os.mkfifo(tmp_path / "input" / "data" / "train")  # nobody ever writes to it
    tree.configure(**SETTINGS)
    code, log, seconds = terminated(tree, after="Checkpoint loading and saving are disabled")
    assert code == 0
    assert seconds < 5
    assert "SIGTERM came before training began: there is no model to save." in log
    assert list(tree.model_folder.iterdir()) == []
    assert not (tree.root / "output" / "failure").exists()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "every 60 seconds."),
        ({"PAIRLOOM_CHECKPOINT_EPOCHS": "2"}, "every 2 epochs."),
        (
            {"PAIRLOOM_CHECKPOINT_SECONDS": "7", "PAIRLOOM_CHECKPOINT_EPOCHS": "2"},
            "every 7 seconds and every 2 epochs.",
        ),
    ],
)
def test_checkpoints_are_on_where_their_folder_is(
    environment: dict[str, str], line: str, tmp_path: Path
) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(400))
    tree.configure(**{**SETTINGS, "epochs": 5})
    (tmp_path / "checkpoints").mkdir()
    done = tree.train(**WITHOUT_REPORT, **environment)
    assert f"Checkpoints are written to {tmp_path / 'checkpoints'} {line}" in done.stdout
    assert any((tmp_path / "checkpoints").iterdir()) is bool(environment)


def test_sigterm_while_the_program_loads_is_not_lost(tmp_path: Path) -> None:
    tree = JobTree(tmp_path)
    tree.shards("train", one_hot_rows(500))
    tree.configure(**SETTINGS)
    with tree.start(**WITHOUT_REPORT) as process:
        deadline = time.monotonic() + 20
        while not handles_sigterm(process.pid) and process.poll() is None:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGTERM)
        log = rest_of_log(process)
        assert process.wait(timeout=60) == 0, log
    assert "SIGTERM came" in log
    assert not (tree.root / "output" / "failure").exists()


def handles_sigterm(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))
