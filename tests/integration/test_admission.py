"""Features that are admitted once rows have held them often enough, beside rows without the rest.

What a table does that counts is said again in Python: nonzeros are left out of the rows, and a
fixed table is trained on what stays.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from integration.runs import as_classes, bytes_of_run, one_hot_rows, sparse_real_rows, with_weights
from integration.short_runs import settings_of
from integration.stopped_runs import train_in_pieces
from integration.streams import StopAfter, allow_small_streams, options_of, stream_of, write_shards
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError, HyperparameterError, PlatformError
from pairloom.training import Checkpoints, TrainingResult, train
from pairloom.training.checkpoint_file import CheckpointFile, write_checkpoint
from pairloom.training.feature_table import bytes_per_feature
from pairloom.training.warm_start import warm_start, with_optimizer_state

ROWS = one_hot_rows(800, feature_dim=3000)
VALIDATION = one_hot_rows(300, feature_dim=3000, seed=1)
SPARSE = with_weights(as_classes(sparse_real_rows(300)))
COUNT = 4


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 20_000)


def counted(rows: RowBatch = ROWS, **settings: Any) -> Any:
    return settings_of(
        rows,
        feature_table="growing",
        untrained_features="zero",
        **{"admission_count": COUNT, **settings},
    )


def with_nonzeros(rows: RowBatch, stay: npt.NDArray[np.bool_]) -> RowBatch:
    assert rows.row_offsets is not None
    assert rows.feature_ids is not None
    before = np.concatenate([[0], np.cumsum(stay)])
    return replace(
        rows,
        row_offsets=before[rows.row_offsets].astype(np.int64),
        feature_ids=rows.feature_ids[stay],
        values=None if rows.values is None else rows.values[stay],
    )


class Admitted:
    """Rows without the nonzeros that come before their feature's `COUNT`-th in the first epoch."""

    def __init__(self, rows: RowBatch) -> None:
        self.feature_dim = rows.feature_dim
        self.rows = rows
        assert rows.feature_ids is not None
        assert rows.row_offsets is not None
        weights = np.ones(rows.num_rows) if rows.weights is None else rows.weights
        row_of = np.repeat(np.arange(rows.num_rows), np.diff(rows.row_offsets))
        self.counts: Counter[int] = Counter()
        stay = np.zeros(len(rows.feature_ids), dtype=bool)
        for at, feature in enumerate(rows.feature_ids.tolist()):
            self.counts[feature] += int(weights[row_of[at]] > 0)
            stay[at] = self.counts[feature] >= COUNT
        self.first = with_nonzeros(rows, stay)
        often = np.array([self.counts[feature] >= COUNT for feature in rows.feature_ids.tolist()])
        self.later = with_nonzeros(rows, often)

    @property
    def num_features(self) -> int:
        return sum(count >= COUNT for count in self.counts.values())

    def rows_of(self, epoch: int) -> RowBatch:
        return self.first if epoch == 0 else self.later


def dense_of(rows: RowBatch) -> RowBatch:
    assert rows.feature_ids is not None
    assert rows.row_offsets is not None
    assert rows.values is not None
    matrix = np.zeros((rows.num_rows, rows.feature_dim), np.float32)
    row_of = np.repeat(np.arange(rows.num_rows), np.diff(rows.row_offsets))
    matrix[row_of, rows.feature_ids] = rows.values
    return RowBatch(
        feature_dim=rows.feature_dim, values=matrix, labels=rows.labels, weights=rows.weights
    )


def assert_equal_runs(one: TrainingResult, other: TrainingResult, rows: RowBatch) -> None:
    """Compare everything but the file, which says how its table came about."""
    ours, theirs = (bytes_of_run(result, rows, num_threads=2) for result in (one, other))
    assert ours.pop("artifact")
    assert theirs.pop("artifact")
    assert ours == theirs


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "ftrl", "sgd"])
@pytest.mark.parametrize("form", ["one-hot", "real", "dense"])
def test_a_feature_takes_part_from_its_count_on(optimizer: str, form: str) -> None:
    rows = ROWS if form == "one-hot" else SPARSE
    given = dense_of(rows) if form == "dense" else rows
    oracle = Admitted(rows)
    fixed = settings_of(rows, _optimizer=optimizer, untrained_features="zero")
    expected = train(oracle, fixed)
    for threads in (1, 3):
        found = train(given, counted(rows, _optimizer=optimizer), num_threads=threads)
        assert_equal_runs(found, expected, rows)
        assert found.model.table.num_entries == oracle.num_features


@pytest.mark.parametrize("pieces", [[0], [3, 1, 8], [14]])
def test_a_run_in_pieces_equals_the_whole(pieces: list[int], tmp_path: Path) -> None:
    settings = counted(shuffle=True, early_stopping=True, epochs=5, _optimizer="adagrad")
    whole = train(ROWS, settings, validation=VALIDATION)
    resumed = train_in_pieces(tmp_path, ROWS, settings, pieces, validation=VALIDATION)
    assert_equal_runs(resumed, whole, VALIDATION)
    assert resumed.model.stored_features.tolist() == whole.model.stored_features.tolist()


def checkpoint_within_first_epoch(folder: Path) -> Path:
    train(ROWS, counted(), checkpoints=Checkpoints(folder), stop_requested=StopAfter(2))
    (path,) = folder.glob("*")
    return path


def test_a_checkpoint_holds_the_counts_in_five_bytes_each(tmp_path: Path) -> None:
    path = checkpoint_within_first_epoch(tmp_path)
    checkpoint = CheckpointFile(path)
    number = checkpoint.content["growth"]["num_waiting"]
    features = checkpoint.array("waiting.features", np.uint32, (number,))
    counts = checkpoint.array("waiting.counts", np.uint8, (number,))
    assert ROWS.feature_ids is not None
    seen = Counter(ROWS.feature_ids[: 6 * checkpoint.content["rows_done"]].tolist())
    expected = sorted((feature, count) for feature, count in seen.items() if count < COUNT)
    assert list(zip(features.tolist(), counts.tolist(), strict=True)) == expected


@pytest.mark.parametrize("count", [0, COUNT])
def test_a_checkpoint_with_a_count_that_nothing_has_is_refused(count: int, tmp_path: Path) -> None:
    path = checkpoint_within_first_epoch(tmp_path)
    checkpoint = CheckpointFile(path)
    entries = checkpoint.content["growth"]["num_entries"]
    number = checkpoint.content["growth"]["num_waiting"]
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "features": (np.uint32, (entries,)),
        "waiting.features": (np.uint32, (number,)),
        "linear_weights": (np.float32, (entries,)),
        "factors": (np.float32, (entries, 6)),
        "trained": (np.bool_, (entries,)),
        "state.0.linear": (np.float32, (entries,)),
        "state.0.factors": (np.float32, (entries, 6)),
        "state.1.linear": (np.float32, (entries,)),
        "state.1.factors": (np.float32, (entries, 6)),
    }
    arrays = {name: checkpoint.array(name, *shape) for name, shape in shapes.items()}
    arrays["waiting.counts"] = np.full(number, count, np.uint8)
    write_checkpoint(path, checkpoint.content, arrays.items())
    with pytest.raises(DataFormatError, match=f"cannot wait after {count} times"):
        train(ROWS, counted(), checkpoints=Checkpoints(tmp_path))


def test_training_goes_on_from_a_saved_model_to_the_same_bytes(tmp_path: Path) -> None:
    whole = train(ROWS, counted(epochs=4))
    half = train(ROWS, counted(epochs=2))
    with_optimizer_state(half.model, half.state).save(tmp_path / "half.pairloom")
    state = warm_start(Model.load(tmp_path / "half.pairloom"), counted(epochs=2))
    resumed = train(ROWS, counted(epochs=2), state=state)
    assert resumed.model.factors.tobytes() == whole.model.factors.tobytes()
    assert resumed.model.linear_weights.tobytes() == whole.model.linear_weights.tobytes()


def test_streamed_rows_give_the_bytes_of_rows_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_small_streams(monkeypatch)
    whole = train(ROWS, counted())
    folder = write_shards(tmp_path / "shards", ROWS, [100, 350])
    stream = stream_of(folder, options_of(ROWS), feature_dim=ROWS.feature_dim)
    assert_equal_runs(train(stream, counted()), whole, VALIDATION)


def test_a_feature_that_is_not_admitted_adds_nothing_to_a_score() -> None:
    result = train(ROWS, counted())
    assert ROWS.feature_ids is not None
    rare = np.setdiff1d(ROWS.feature_ids, result.model.stored_features).astype(np.int32)
    assert len(rare) > 100
    rows = RowBatch(3000, np.arange(len(rare) + 1), rare)
    assert (result.model.score_rows(rows) == np.float32(result.model.bias)).all()


def test_counts_beyond_memory_end_training_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = counted(admission_count=255)
    each = bytes_per_feature(settings)
    monkeypatch.setattr("pairloom.training.feature_table.allowed_memory_bytes", lambda: 80 * each)
    rows = one_hot_rows(2000, feature_dim=100_000)
    wide = replace(settings, feature_dim=100_000)
    with pytest.raises(PlatformError, match=r"holds 0 of \d+ bytes each and counts \d+ of 32, "):
        train(rows, wide)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"untrained_features": "zero"}, "must be 1 without feature_table=growing, where feat"),
        ({"untrained_features": "zero", "feature_table": "fixed"}, "feature_table=growing"),
        ({"feature_table": "growing"}, "must be 1 without untrained_features=zero, which is what"),
    ],
)
def test_counting_is_refused_where_it_cannot_be(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(HyperparameterError, match=f"admission_count: 4 is refused; .*{rule}"):
        settings_of(ROWS, admission_count=COUNT, **given)
