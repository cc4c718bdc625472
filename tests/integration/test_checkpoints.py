"""A run that ends anywhere and goes on from its checkpoint has the bytes of one that never did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.runs import bytes_of_run, one_hot_rows
from integration.short_runs import ROWS, VALIDATION, settings_of
from integration.stopped_runs import train_in_pieces
from integration.streams import StopAfter
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, TrainingDivergedError, UserError
from pairloom.training import (
    Checkpoints,
    EpochEvent,
    ResumedEvent,
    TrainingEvent,
    TrainingResult,
    evaluate,
    train,
)

LOSS = "binary_classification_cross_entropy"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the small rows here many blocks an epoch, which do not change the result."""
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)


def assert_same_run(pieces: TrainingResult, whole: TrainingResult, rows: RowBatch) -> None:
    assert not pieces.interrupted
    assert bytes_of_run(pieces, rows, num_threads=1) == bytes_of_run(whole, rows, num_threads=1)
    assert pieces.state.trainer.step_count == whole.state.trainer.step_count
    for slot in range(whole.state.trainer.state_slots):
        ours, theirs = (result.state.trainer.factor_state(slot) for result in (pieces, whole))
        assert ours.tobytes() == theirs.tobytes()


OPTIMIZERS = ("adam", "adagrad", "ftrl", "sgd")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("pieces", [[0], [3, 1, 0, 8], [24]], ids=["first", "many", "late"])
def test_pieces_of_a_run_equal_the_whole(optimizer: str, pieces: list[int], tmp_path: Path) -> None:
    settings = settings_of(_optimizer=optimizer, shuffle=True)
    whole = train(ROWS, settings)
    assert_same_run(train_in_pieces(tmp_path, ROWS, settings, pieces), whole, ROWS)


CASES: dict[str, dict[str, Any]] = {
    "in the file's order": {},
    "regressor": {"predictor_type": "regressor"},
    "untrained features are zero": {"untrained_features": "zero"},
    "batch ramp": {"batch_ramp": 8, "shuffle": True, "mini_batch_size": 300},
    "not lazy": {"lazy_update": False},
}


@pytest.mark.parametrize("case", CASES)
def test_pieces_equal_the_whole_under_any_settings(case: str, tmp_path: Path) -> None:
    settings = settings_of(**CASES[case])
    whole = train(ROWS, settings)
    assert_same_run(train_in_pieces(tmp_path, ROWS, settings, [2, 9, 4]), whole, ROWS)


def test_pieces_equal_the_whole_on_sparse_rows(tmp_path: Path) -> None:
    rows = one_hot_rows(3000)
    settings = settings_of(rows, shuffle=True)
    whole = train(rows, settings)
    assert_same_run(train_in_pieces(tmp_path, rows, settings, [1, 2, 3]), whole, rows)


@pytest.mark.parametrize("pieces", [[2], [30, 25, 3], [45, 12]])
def test_early_stopping_goes_on_as_well(pieces: list[int], tmp_path: Path) -> None:
    settings = settings_of(
        epochs=40, factors_lr=0.2, early_stopping=True, early_stopping_patience=2
    )
    whole = train(ROWS, settings, validation=VALIDATION)
    assert 0 < whole.best_epoch < whole.epochs_run - 1 < 39
    again = train_in_pieces(tmp_path, ROWS, settings, pieces, validation=VALIDATION)
    assert_same_run(again, whole, ROWS)


def test_a_run_that_starts_from_a_state_goes_on_as_well(tmp_path: Path) -> None:
    settings = settings_of()
    first = train(ROWS, settings).state

    whole = train(ROWS, settings, state=first.copy())
    again = train_in_pieces(tmp_path, ROWS, settings, [5, 12], start=first.copy)
    assert_same_run(again, whole, ROWS)
    with pytest.raises(UserError, match=r"made with start parameters of .*this run has.* seed"):
        train(ROWS, settings, checkpoints=Checkpoints(tmp_path))


def test_checkpoints_do_not_change_the_result(tmp_path: Path) -> None:
    settings = settings_of()
    often = Checkpoints(tmp_path, every_seconds=1e-9, every_epochs=1)
    assert_same_run(train(ROWS, settings, checkpoints=often), train(ROWS, settings), ROWS)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_goes_on_from_whole_epochs(tmp_path: Path) -> None:
    settings = settings_of()
    epochs = Checkpoints(tmp_path, every_seconds=None, every_epochs=2)
    whole = train(ROWS, settings, checkpoints=epochs)
    (checkpoint,) = tmp_path.iterdir()
    events: list[TrainingEvent] = []
    again = train(ROWS, settings, checkpoints=epochs, on_event=events.append)
    assert events[0] == ResumedEvent(str(checkpoint), 2, 0, _positive_rows())
    assert_same_run(again, whole, ROWS)


def _positive_rows() -> int:
    assert ROWS.weights is not None
    return int((ROWS.weights > 0).sum())


def test_a_stopped_run_has_the_best_parameters_by_validation(tmp_path: Path) -> None:
    settings = settings_of(epochs=30, factors_lr=0.3)
    losses: list[float] = []

    def note_loss(event: TrainingEvent) -> None:
        if isinstance(event, EpochEvent):
            losses.append(event.validation[LOSS])

    stopped = train(
        ROWS,
        settings,
        validation=VALIDATION,
        on_event=note_loss,
        stop_requested=lambda: len(losses) > 1 and losses[-1] > min(losses),
    )
    assert stopped.interrupted
    assert stopped.best_epoch < stopped.epochs_run - 1
    assert evaluate(stopped.model, VALIDATION)[LOSS] == min(losses)


def test_a_stopped_run_without_validation_has_the_last_parameters() -> None:
    settings = settings_of()
    stopped = train(ROWS, settings, stop_requested=StopAfter(0))
    assert (stopped.interrupted, stopped.history, stopped.best_epoch) == (True, (), -1)
    assert 0 < stopped.state.trainer.step_count < -(-_positive_rows() // 40)


def other_rows(what: str) -> RowBatch:
    array = getattr(ROWS, what).copy()
    array.reshape(-1)[7] = 1 - array.reshape(-1)[7] if what == "labels" else 0.75
    return replace(ROWS, **{what: array})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"mini_batch_size": 50}, "made with mini_batch_size 40, this run has 50"),
        ({"clip_gradient": 1.0}, "made with clip_gradient unset, this run has 1.0"),
        ({"epochs": 5, "factors_lr": 0.5}, "with epochs 4, this run has 5; with factors_lr 0.02"),
        ("values", "made with training rows 900 of checksum .*, this run has 900 of checksum"),
        ("labels", "made with training rows"),
        ("weights", "made with training rows"),
        ("validation", "made with validation rows none, this run has 300 of checksum"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    other: dict[str, Any] | str, message: str, tmp_path: Path
) -> None:
    train(ROWS, settings_of(), checkpoints=Checkpoints(tmp_path), stop_requested=StopAfter(1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    changed = settings_of(**other) if isinstance(other, dict) else settings_of()
    rows = other_rows(other) if other in ("values", "labels", "weights") else ROWS
    validation = VALIDATION if other == "validation" else None
    with pytest.raises(UserError, match=message):
        train(rows, changed, validation=validation, checkpoints=Checkpoints(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    settings = settings_of()
    whole = train(ROWS, settings)
    for blocks in (4, 3):
        train(ROWS, settings, checkpoints=Checkpoints(tmp_path), stop_requested=StopAfter(blocks))
    newest = tmp_path / "checkpoint-00000002"
    newest.write_bytes(newest.read_bytes()[:-5])
    with pytest.warns(UserWarning, match="checkpoint-00000002: .*going on from checkpoint-000"):
        again = train(ROWS, settings, checkpoints=Checkpoints(tmp_path, every_seconds=None))
    assert_same_run(again, whole, ROWS)
    (tmp_path / "checkpoint-00000001").write_bytes(b"")
    with pytest.raises(DataFormatError, match="checkpoint-00000001: truncated: 0 bytes"):
        train(ROWS, settings, checkpoints=Checkpoints(tmp_path))


def test_a_diverged_run_diverges_again_where_it_did(tmp_path: Path) -> None:
    settings = settings_of(factors_lr=1e30, linear_lr=1e30)
    places = []
    for checkpoints in (None, Checkpoints(tmp_path, every_seconds=1e-9), Checkpoints(tmp_path)):
        with pytest.raises(TrainingDivergedError) as error:
            train(ROWS, settings, checkpoints=checkpoints)
        places.append((error.value.epoch, error.value.batch))
    assert len(set(places)) == 1


def test_a_full_disk_does_not_end_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pairloom.training.checkpoint_folder.write_checkpoint", no_room)
    settings = settings_of(epochs=2)
    with pytest.warns(UserWarning, match="no checkpoint written, training goes on: .*No space"):
        again = train(ROWS, settings, checkpoints=Checkpoints(tmp_path, every_epochs=1))
    assert_same_run(again, train(ROWS, settings), ROWS)
