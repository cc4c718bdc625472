"""Rows asked for in each epoch: the bytes of rows in memory, one epoch's rows at a time."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.runs import as_classes, bytes_of_run, dense_rows, one_hot_rows
from integration.short_runs import ROWS, VALIDATION, settings_of
from integration.streams import StopAfter
from pairloom.batch import RowBatch
from pairloom.data import FifoRows, FileOptions, RowFiles, RowsInterruptedError
from pairloom.errors import DataError, UserError
from pairloom.formats import write_recordio
from pairloom.model import Model
from pairloom.training import (
    Checkpoints,
    ResumedEvent,
    TrainingEvent,
    TrainingResult,
    train,
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)


def copy_of(rows: RowBatch) -> RowBatch:
    arrays = ("row_offsets", "feature_ids", "values", "labels", "weights")
    held = {name: getattr(rows, name) for name in arrays}
    return replace(rows, **{name: a.copy() for name, a in held.items() if a is not None})


class Source:
    """Makes an epoch's rows anew, and says whether those of the epoch before are still held."""

    def __init__(self, *epochs: RowBatch) -> None:
        self.epochs = epochs
        self.feature_dim = epochs[0].feature_dim
        self.asked: list[int] = []
        self.still_held: list[bool] = []
        self._last: weakref.ref[Any] | None = None

    def rows_of(self, epoch: int) -> RowBatch:
        self.asked.append(epoch)
        if self._last is not None:
            if self._last() is not None:
                gc.collect()
            self.still_held.append(self._last() is not None)
        rows = copy_of(self.epochs[epoch % len(self.epochs)])
        self._last = weakref.ref(rows.labels)
        return rows


def assert_same_run(one: TrainingResult, other: TrainingResult, rows: RowBatch = ROWS) -> None:
    assert bytes_of_run(one, rows, num_threads=1) == bytes_of_run(other, rows, num_threads=1)
    assert one.state.trainer.step_count == other.state.trainer.step_count


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shuffle": True},
        {"batch_ramp": 8, "mini_batch_size": 300},
        {"_optimizer": "ftrl", "lazy_update": False},
        {"early_stopping": True, "epochs": 12, "factors_lr": 0.2, "early_stopping_patience": 2},
    ],
)
def test_same_rows_in_each_epoch_give_the_bytes_of_rows_in_memory(settings: dict[str, Any]) -> None:
    for rows in (ROWS, one_hot_rows(1500)):
        validation = VALIDATION if rows is ROWS else None
        if settings.get("early_stopping") and validation is None:
            continue
        source = Source(rows)
        chosen = settings_of(rows, **settings)
        whole = train(rows, chosen, validation=validation)
        assert_same_run(train(source, chosen, validation=validation), whole, rows)
        assert source.asked == list(range(whole.epochs_run))


def test_rows_of_an_epoch_are_let_go_before_the_next_are_asked_for(tmp_path: Path) -> None:
    source = Source(ROWS)
    train(source, settings_of(), checkpoints=Checkpoints(tmp_path, every_seconds=1e-9))
    assert source.still_held == [False] * 3


@pytest.mark.parametrize("pieces", [[0], [3, 1, 0, 8], [4, 4, 4], [17, 2]], ids=str)
@pytest.mark.parametrize("settings", [{}, {"shuffle": True, "_optimizer": "ftrl"}], ids=str)
def test_pieces_of_a_run_equal_the_whole(
    pieces: list[int], settings: dict[str, Any], tmp_path: Path
) -> None:
    chosen = settings_of(**settings)
    epochs = [replace(ROWS, labels=1 - np.asarray(ROWS.labels)) if e % 2 else ROWS
              for e in range(4)]  # fmt: skip
    whole = train(Source(*epochs), chosen)
    for blocks in pieces:
        stopped = train(
            Source(*epochs),
            chosen,
            checkpoints=Checkpoints(tmp_path),
            stop_requested=StopAfter(blocks),
        )
        assert stopped.interrupted
    events: list[TrainingEvent] = []
    source = Source(*epochs)
    again = train(source, chosen, checkpoints=Checkpoints(tmp_path), on_event=events.append)
    assert_same_run(again, whole)
    resumed = events[0]
    assert isinstance(resumed, ResumedEvent)
    assert source.asked == list(range(resumed.epoch, 4))


def test_a_run_goes_on_between_epochs_with_whatever_the_next_has(tmp_path: Path) -> None:
    epochs = [as_classes(dense_rows(200 + 100 * seed, seed=seed)) for seed in range(4)]
    each = Checkpoints(tmp_path, every_seconds=None, every_epochs=1)
    whole = train(Source(*epochs), settings_of(), checkpoints=each)
    assert [event.rows for event in whole.history] == [200, 300, 400, 500]
    source = Source(epochs[0], epochs[0], epochs[0], epochs[3])
    assert_same_run(train(source, settings_of(), checkpoints=each), whole)
    assert source.asked == [3]


def test_other_rows_of_the_epoch_under_way_are_refused(tmp_path: Path) -> None:
    train(Source(ROWS), settings_of(), checkpoints=Checkpoints(tmp_path),
          stop_requested=StopAfter(8))  # fmt: skip
    before = sorted(path.read_bytes() for path in tmp_path.iterdir())
    other = replace(ROWS, labels=1 - np.asarray(ROWS.labels))
    for rows, now in ((other, "900"), (as_classes(dense_rows(400)), "400")):
        message = rf"made inside epoch 1, whose rows were 900 of checksum \w+; this run has {now} "
        with pytest.raises(UserError, match=message):
            train(Source(rows), settings_of(), checkpoints=Checkpoints(tmp_path))
    with pytest.raises(UserError, match="made with training rows asked for in each epoch, this"):
        train(ROWS, settings_of(), checkpoints=Checkpoints(tmp_path))
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == before


def test_rows_that_do_not_fit_are_told_with_their_epoch() -> None:
    wide = as_classes(dense_rows(50, feature_dim=41))
    with pytest.raises(DataError, match=r"^rows are 41 features wide; feature_dim is 40"):
        train(Source(wide), settings_of())
    with pytest.raises(DataError, match=r"^epoch 1: rows are 41 features wide; feature_dim is 40"):
        train(Source(ROWS, wide), settings_of())
    with pytest.raises(DataError, match=r"^epoch 2: row 0 has the label"):
        train(Source(ROWS, ROWS, dense_rows(9)), settings_of())
    nothing = replace(ROWS, weights=np.zeros(900, np.float32))
    with pytest.raises(DataError, match=r"^epoch 1: training needs at least one row of positive"):
        train(Source(ROWS, nothing), settings_of())


class Interrupted(Source):
    """Is asked to stop while it waits for the rows of one epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__(ROWS)
        self.epoch = epoch

    def rows_of(self, epoch: int) -> RowBatch:
        if epoch == self.epoch:
            raise RowsInterruptedError
        return super().rows_of(epoch)


@pytest.mark.parametrize("epoch", [0, 2])
def test_stop_while_rows_are_waited_for_leaves_a_checkpoint(epoch: int, tmp_path: Path) -> None:
    stopped = train(Interrupted(epoch), settings_of(), checkpoints=Checkpoints(tmp_path))
    assert stopped.interrupted
    assert stopped.epochs_run == epoch
    stopped = train(Interrupted(epoch), settings_of(), checkpoints=Checkpoints(tmp_path))
    assert stopped.interrupted
    whole = train(ROWS, settings_of())
    assert_same_run(train(Source(ROWS), settings_of(), checkpoints=Checkpoints(tmp_path)), whole)


PROGRAM = """
import sys
from pathlib import Path
from pairloom.training.termination import termination_noticed
from pairloom.data import FifoRows, FileOptions, RowFiles
from pairloom.hyperparameters import resolve
from pairloom.training import Checkpoints, train
import pairloom.training.epoch
pairloom.training.epoch._BLOCK_WORK = 60_000
folder = Path(sys.argv[1])
settings = resolve({"feature_dim": 40, "num_factors": 6, "predictor_type": "binary_classifier",
                    "epochs": 3, "mini_batch_size": 40, "factors_lr": 0.02})
with termination_noticed() as terminated:
    rows = FifoRows(RowFiles(FileOptions(format="recordio")), folder / "train", feature_dim=40,
                    predictor_type="binary_classifier", wait_seconds=20,
                    stop_requested=terminated)
    result = train(rows, settings, stop_requested=terminated,
                   checkpoints=Checkpoints(folder / "checkpoints", 1e-9, every_epochs=1),
                   on_event=lambda event: print(type(event).__name__, flush=True))
result.model.save(folder / "model.pairloom")
sys.exit(7 if result.interrupted else 0)
"""


def offer(folder: Path, content: bytes, epochs: range) -> None:
    """Offer a fifo for each of the epochs, whether anyone ever comes for it or not."""

    def write(fifo: Path) -> None:
        with suppress(BrokenPipeError), fifo.open("wb") as file:
            file.write(content)

    for epoch in epochs:
        fifo = folder / f"train_{epoch}"
        os.mkfifo(fifo)
        threading.Thread(target=write, args=(fifo,), daemon=True).start()


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("how", ["killed inside epoch 1", "terminated before epoch 1"])
def test_process_that_reads_fifos_goes_on_to_the_same_bytes(how: str, tmp_path: Path) -> None:
    rows = as_classes(dense_rows(900))
    write_recordio(tmp_path / "rows.pbr", rows)
    content = (tmp_path / "rows.pbr").read_bytes()
    inside = how.startswith("killed")
    offer(tmp_path, content, range(2 if inside else 1))
    with start(tmp_path) as process:
        assert process.stdout is not None
        epochs = 0
        for line in process.stdout:
            epochs += line == "EpochEvent\n"
            if epochs == 1 and (not inside or line == "ProgressEvent\n"):
                break
        if inside:
            process.kill()
        else:
            time.sleep(0.3)  # it waits for train_1
            process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == (-signal.SIGKILL if inside else 7)
    for fifo in tmp_path.glob("train_*"):
        fifo.unlink()
    offer(tmp_path, content, range(1, 3))
    with start(tmp_path) as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.startswith("ResumedEvent\n")
    settings = settings_of(rows, epochs=3, linear_lr=0.001)
    expected = train(rows, settings).model
    found = Model.load(tmp_path / "model.pairloom")
    assert found.factors.tobytes() == expected.factors.tobytes()
    assert found.linear_weights.tobytes() == expected.linear_weights.tobytes()


def test_training_reads_one_fifo_for_each_epoch(tmp_path: Path) -> None:
    rows = as_classes(dense_rows(900))
    write_recordio(tmp_path / "rows.pbr", rows)
    offer(tmp_path, (tmp_path / "rows.pbr").read_bytes(), range(4))
    fifos = FifoRows(
        RowFiles(FileOptions(format="recordio")),
        tmp_path / "train",
        feature_dim=40,
        predictor_type="binary_classifier",
        wait_seconds=20,
    )
    assert_same_run(train(fifos, settings_of()), train(rows, settings_of()), rows)
