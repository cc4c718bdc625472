"""What is wrong with streamed rows is told as it is of rows in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from integration.runs import as_classes, bytes_of_run, dense_rows
from integration.short_runs import settings_of
from integration.streams import (
    allow_small_streams,
    options_of,
    stream_of,
    write_shards,
)
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowFiles
from pairloom.errors import DataError, DataFormatError, TrainingDivergedError, UserError
from pairloom.formats import write_recordio
from pairloom.training import train

ROWS = as_classes(dense_rows(500))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_small_streams(monkeypatch)


def damaged(write: Callable[[Path], None], tmp_path: Path) -> tuple[Path, str]:
    """Return a folder with a damaged shard, and what reading it into memory says."""
    rows = ROWS
    shards = write_shards(tmp_path / "shards", rows, [100, 300])
    write(shards)
    with pytest.raises(UserError) as in_memory:
        RowFiles(FileOptions()).read_labelled(shards, rows.feature_dim, "binary_classifier")
    return shards, str(in_memory.value)


def truncated(folder: Path) -> None:
    path = folder / "part-001"
    path.write_bytes(path.read_bytes()[:-9])


def bad_magic(folder: Path) -> None:
    path = folder / "part-001"
    content = bytearray(path.read_bytes())
    size = len(content) // 200
    content[150 * size + 1] ^= 0xFF
    path.write_bytes(content)


def wrong_label(folder: Path) -> None:
    rows = ROWS
    labels = np.zeros(50, np.float32)
    labels[33] = 2
    values = np.asarray(rows.values)[:50]
    write_recordio(folder / "part-001", replace(rows, values=values, labels=labels))


def other_width(folder: Path) -> None:
    write_recordio(folder / "part-002", as_classes(dense_rows(50, feature_dim=41)))


def no_label(folder: Path) -> None:
    rows = ROWS
    write_recordio(folder / "part-002", replace(rows, labels=None))


@pytest.mark.parametrize("write", [truncated, bad_magic, wrong_label, other_width, no_label])
def test_damaged_shards_give_the_errors_of_reading_into_memory(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    shards, expected = damaged(write, tmp_path)
    stream = stream_of(shards, FileOptions(), feature_dim=40, num_threads=3)
    with pytest.raises(UserError) as streamed:
        train(stream, settings_of(ROWS))
    assert str(streamed.value) == expected
    assert not [thread for thread in threading.enumerate() if "pairloom-rows" in thread.name]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["1 0:1", "-1 1:1"] * 200 + ["1 0:1"] * 90 + ["0 0:1"] + ["1 0:1"] * 50, "0"),
        (["1 0:1", "0 1:1"] * 200 + ["1 0:1"] * 90 + ["-1 0:1"] + ["1 0:1"] * 50, "-1"),
        (["1 0:1"] * 300 + ["1 0:x"], "x"),
        (["1 0:1"] * 300 + ["1 2:1"], "width"),
    ],
    ids=["0 after -1", "-1 after 0", "no number", "too wide"],
)
def test_wrong_text_gives_the_errors_of_reading_into_memory(
    lines: list[str], wrong: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.libsvm"
    path.write_text("\n".join(lines) + "\n")
    options = FileOptions(format="libsvm", zero_based=True)
    with pytest.raises(DataFormatError) as in_memory:
        RowFiles(options).read_labelled(path, 2, "binary_classifier")
    chosen = settings_of(RowBatch(2), mini_batch_size=10)
    with pytest.raises(DataFormatError) as streamed:
        train(stream_of(path, options, feature_dim=2), chosen)
    assert str(streamed.value) == str(in_memory.value)


def test_what_cannot_be_streamed_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("label,a\n1,2\n")
    with pytest.raises(UserError, match=r"rows.csv: CSV cannot .* convert` writes"):
        stream_of(tmp_path / "rows.csv", FileOptions())
    (tmp_path / "rows.libsvm").write_text("1 0:1\n")
    with pytest.raises(UserError, match="whether feature ids count from 0 must be told"):
        stream_of(tmp_path / "rows.libsvm", FileOptions(), feature_dim=2)
    with pytest.raises(UserError, match="feature_dim must be told of libsvm text"):
        stream_of(tmp_path / "rows.libsvm", FileOptions(zero_based=True))
    with pytest.raises(UserError, match=r"max_memory_bytes 7,999; must be from 8,000"):
        stream_of(tmp_path / "rows.libsvm", FileOptions(zero_based=True), feature_dim=2,
                  max_memory_bytes=7_999)  # fmt: skip
    (tmp_path / "empty").touch()
    with pytest.raises(DataError, match=r"no record in .*empty"):
        stream_of(tmp_path / "empty", FileOptions())
    with pytest.raises(FileNotFoundError):
        stream_of(tmp_path / "missing", FileOptions(), feature_dim=2).fingerprint(shuffled=False)


def test_rows_that_weigh_nothing_are_refused(tmp_path: Path) -> None:
    rows = replace(ROWS, weights=np.zeros(500, np.float32))
    shards = write_shards(tmp_path / "shards", rows, [])
    with pytest.raises(DataError, match="one row of positive weight; 500 rows were given"):
        train(stream_of(shards, options_of(rows)), settings_of(rows))


def test_divergence_in_a_stream_keeps_what_was_before(tmp_path: Path) -> None:
    rows = ROWS
    chosen = settings_of(rows, _optimizer="sgd", factors_lr=1e8, linear_lr=1e8)
    shards = write_shards(tmp_path / "shards", rows, [100])
    raised = []
    for given_rows in (rows, stream_of(shards, FileOptions())):
        with pytest.raises(TrainingDivergedError) as diverged:
            train(given_rows, chosen)
        raised.append((diverged.value.epoch, diverged.value.batch, diverged.value.last_good))
    assert raised[0][:2] == raised[1][:2]
    good = [bytes_of_run(result, rows, num_threads=1) for _, _, result in raised]  # type: ignore[arg-type]
    assert good[0]["factors"] == good[1]["factors"]
