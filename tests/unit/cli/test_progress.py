"""The lines that training prints where there is no terminal."""

from __future__ import annotations

import pytest

from pairloom.cli.progress import Lines
from pairloom.hyperparameters import resolve
from pairloom.training import EpochEvent, ProgressEvent, ResumedEvent

SETTINGS = resolve({"feature_dim": 1, "num_factors": 1, "predictor_type": "regressor", "epochs": 2})


def progress_event(epoch: int, rows_done: int, seconds: float) -> ProgressEvent:
    return ProgressEvent(
        epoch=epoch,
        epochs=2,
        rows_done=rows_done,
        rows_total=1_000,
        seconds=seconds,
        metrics={"mse": 0.25},
    )


def test_long_epoch_prints_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(SETTINGS)
    for tenth in range(1, 11):
        lines(progress_event(0, 100 * tenth, seconds=4.0 * tenth))

    assert capsys.readouterr().err.splitlines() == [
        "epoch 1 of 2  30 %  loss 0.25  25 rows/s  68 s left",
        "epoch 1 of 2  60 %  loss 0.25  25 rows/s  56 s left",
        "epoch 1 of 2  90 %  loss 0.25  25 rows/s  44 s left",
    ]


def test_wait_for_a_line_begins_anew_with_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(SETTINGS)
    lines(progress_event(0, 500, seconds=15.0))
    lines(progress_event(0, 1_000, seconds=30.0))
    lines(progress_event(1, 500, seconds=12.0))

    assert [line[:18] for line in capsys.readouterr().err.splitlines()] == [
        "epoch 1 of 2  50 %",
        "epoch 1 of 2  100 ",
        "epoch 2 of 2  50 %",
    ]


def test_epoch_line_names_both_losses_and_the_speed(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(SETTINGS)(
        EpochEvent(epoch=0, train={"mse": 0.5}, validation={"mse": 0.75}, rows=2_000, seconds=0.5)
    )

    assert capsys.readouterr().err == (
        "epoch 1 of 2  loss 0.5  validation loss 0.75  4,000 rows/s\n"
    )


def test_resumed_run_names_the_checkpoint_and_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(SETTINGS)(ResumedEvent("kept/checkpoint-00000007", 1, 2_500, 10_000))

    assert capsys.readouterr().err == (
        "kept/checkpoint-00000007: going on in epoch 2 of 2, after 2,500 of 10,000 rows\n"
    )
