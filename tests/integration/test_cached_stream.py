"""Rows of a stream kept packed for later epochs: the same bytes, whatever happens to the cache."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import random
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.runs import (
    as_classes,
    bytes_of_run,
    dense_rows,
    one_hot_rows,
    sparse_real_rows,
    with_weights,
)
from integration.short_runs import settings_of
from integration.streams import (
    LEAST_BYTES,
    StopAfter,
    allow_small_streams,
    options_of,
    stream_of,
    write_shards,
)
from pairloom.batch import RowBatch
from pairloom.data import RowStream
from pairloom.data.sources.shard import FileShard
from pairloom.errors import UserError
from pairloom.formats import write_recordio
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.training import Checkpoints, train

ROWS = {
    "weighted": as_classes(with_weights(dense_rows(500))),
    "one-hot": one_hot_rows(800),
    "sparse": as_classes(sparse_real_rows(500)),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_small_streams(monkeypatch)
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)


def trained(
    shards: Path, rows: RowBatch, cache: Path | None, *, shuffle: bool = False
) -> dict[str, str]:
    """Return the bytes of a run of three epochs."""
    stream = stream_of(shards, options_of(rows), feature_dim=rows.feature_dim, cache_folder=cache)
    chosen = settings_of(rows, epochs=3, shuffle=shuffle)
    return bytes_of_run(train(stream, chosen), rows, num_threads=1)


def cache_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    assert path.suffix == ".cache"
    return path


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let a test forbid that shards are read."""
    with monkeypatch.context() as patched:
        yield patched


def forbid_reading(patched: pytest.MonkeyPatch) -> None:
    def refuse(self: FileShard, *_: object) -> None:
        raise AssertionError(f"{self.path} was read")

    patched.setattr(FileShard, "open", refuse)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("kind", sorted(ROWS))
def test_later_epochs_and_runs_read_the_cache_alone_and_give_the_same_bytes(
    kind: str, shuffle: bool, tmp_path: Path, unreadable: pytest.MonkeyPatch
) -> None:
    rows = ROWS[kind]
    shards = write_shards(tmp_path / "shards", rows, [0, 111, 112, 390])
    expected = trained(shards, rows, None, shuffle=shuffle)
    assert trained(shards, rows, tmp_path / "cache", shuffle=shuffle) == expected
    forbid_reading(unreadable)
    assert trained(shards, rows, tmp_path / "cache", shuffle=shuffle) == expected


def test_libsvm_text_is_cached_with_what_is_told_of_it(
    tmp_path: Path, unreadable: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = ROWS["one-hot"]
    shards = write_shards(tmp_path / "shards", rows, [300], "libsvm")
    for path in shards.iterdir():
        path.write_text(path.read_text().replace("\n0 ", "\n-1 ").replace("0 ", "-1 ", 1))
    stream = stream_of(
        shards,
        options_of(rows, "libsvm"),
        feature_dim=rows.feature_dim,
        cache_folder=tmp_path / "cache",
    )
    caplog.set_level(logging.INFO)
    first = bytes_of_run(train(stream, settings_of(rows)), rows, num_threads=1)
    told = "labels -1 and 1 are taken as 0 and 1"
    assert told in caplog.text
    caplog.clear()
    forbid_reading(unreadable)
    again = stream_of(
        shards,
        options_of(rows, "libsvm"),
        feature_dim=rows.feature_dim,
        cache_folder=tmp_path / "cache",
    )
    assert bytes_of_run(train(again, settings_of(rows)), rows, num_threads=1) == first
    assert told in caplog.text


def test_the_cache_of_one_hot_rows_is_small(tmp_path: Path) -> None:
    rows = one_hot_rows(5000, feature_dim=900_000)
    shards = write_shards(tmp_path / "shards", rows, [])
    stream = stream_of(
        shards, options_of(rows), cache_folder=tmp_path / "cache", max_memory_bytes=10**6
    )
    train(stream, settings_of(rows))
    (shard,) = shards.iterdir()
    assert cache_file(tmp_path / "cache").stat().st_size <= 0.45 * shard.stat().st_size


def test_changed_shards_are_read_again(tmp_path: Path) -> None:
    rows = ROWS["one-hot"]
    shards = write_shards(tmp_path / "shards", rows, [300])
    before = trained(shards, rows, tmp_path / "cache")
    assert rows.labels is not None
    others = replace(rows, labels=1 - rows.labels)
    write_shards(tmp_path / "others", others, [300])
    for path in shards.iterdir():
        size = path.stat().st_size
        path.write_bytes((tmp_path / "others" / path.name).read_bytes())
        assert path.stat().st_size == size
    after = trained(shards, others, tmp_path / "cache")
    assert after != before
    assert after == trained(shards, others, None)
    assert cache_file(tmp_path / "cache").exists()  # one, over the old


def test_other_settings_do_not_take_the_same_cache(tmp_path: Path) -> None:
    rows = ROWS["weighted"]
    shards = write_shards(tmp_path / "shards", rows, [])
    trained(shards, rows, tmp_path / "cache")
    hashed = {"encoding": FeatureEncoding(hash_bits=5), "cache_folder": tmp_path / "cache"}
    stream = stream_of(shards, options_of(rows), **hashed)
    assert all(segment.rows.feature_dim == 32 for segment in stream.segments(0))


def rows_of_epoch(stream: RowStream) -> str:
    """Return a checksum of the rows of an epoch."""
    told = hashlib.sha256()
    for segment in stream.segments(0):
        rows = segment.rows
        for array in (rows.row_offsets, rows.feature_ids, rows.values, rows.labels, rows.weights):
            told.update(b"" if array is None else array.tobytes())
    return told.hexdigest()


@pytest.mark.parametrize("kind", ["one-hot", "weighted"])
def test_damage_anywhere_in_the_cache_changes_nothing(kind: str, tmp_path: Path) -> None:
    rows = ROWS[kind]
    shards = write_shards(tmp_path / "shards", rows, [200])
    folder = tmp_path / "cache"

    def stream() -> RowStream:
        return stream_of(shards, options_of(rows), cache_folder=folder, max_memory_bytes=100_000)

    expected = rows_of_epoch(stream())
    whole = cache_file(folder).read_bytes()
    chance = random.Random(0)
    for number in range(30):
        place = chance.choice([chance.randrange(len(whole)), -chance.randrange(1, 100)])
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        if number % 4 == 0:
            del damaged[place:]
        cache_file(folder).write_bytes(damaged)
        assert rows_of_epoch(stream()) == expected, place
        if list(folder.iterdir()):  # made anew already: its index was damaged
            assert cache_file(folder).read_bytes() == whole, place
        else:
            assert rows_of_epoch(stream()) == expected, place
        assert cache_file(folder).read_bytes() == whole, place


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_run_goes_on_inside_a_cached_epoch(shuffle: bool, tmp_path: Path) -> None:
    rows = ROWS["weighted"]
    shards = write_shards(tmp_path / "shards", rows, [111, 390])
    chosen = settings_of(rows, shuffle=shuffle)

    expected = bytes_of_run(train(stream_of(shards, options_of(rows)), chosen), rows, num_threads=1)
    for blocks in (3, 9, 8, 12):
        stopped = train(
            stream_of(shards, options_of(rows), cache_folder=tmp_path / "cache"),
            chosen,
            checkpoints=Checkpoints(tmp_path / "saved"),
            stop_requested=StopAfter(blocks),
        )
        assert stopped.interrupted
        assert not list((tmp_path / "cache").glob("*.partial"))
    found = train(
        stream_of(shards, options_of(rows), cache_folder=tmp_path / "cache"),
        chosen,
        checkpoints=Checkpoints(tmp_path / "saved"),
    )
    assert bytes_of_run(found, rows, num_threads=1) == expected


def test_a_full_disk_ends_the_cache_and_not_the_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = ROWS["one-hot"]
    shards = write_shards(tmp_path / "shards", rows, [200])
    expected = trained(shards, rows, None)
    stream = stream_of(shards, options_of(rows), cache_folder=tmp_path / "cache")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
        result = train(stream, settings_of(rows, epochs=3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert bytes_of_run(result, rows, num_threads=1) == expected
    assert "File too large; training goes on without a cache" in caplog.text
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_that_another_process_writes_is_left_to_it(tmp_path: Path) -> None:
    rows = ROWS["one-hot"]
    shards = write_shards(tmp_path / "shards", rows, [200])
    expected = trained(shards, rows, tmp_path / "cache")
    path = cache_file(tmp_path / "cache")
    path.unlink()
    with path.with_suffix(".partial").open("wb") as other:
        other.write(b"under way")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        assert trained(shards, rows, tmp_path / "cache") == expected
        assert path.with_suffix(".partial").read_bytes() == b"under way"
    assert trained(shards, rows, tmp_path / "cache") == expected  # what was left is written over
    assert cache_file(tmp_path / "cache") == path


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    write_recordio(tmp_path / "rows", ROWS["one-hot"])
    place = tmp_path / "rows" / "cache"
    with pytest.raises(UserError, match=f"{place}: no folder for a cache: Not a directory"):
        stream_of(tmp_path / "rows", options_of(ROWS["one-hot"]), cache_folder=place)


def test_rows_of_a_pipe_are_not_cached(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: rows that are read anew in each epoch cannot be"):
        stream_of(
            tmp_path / "pipe",
            options_of(ROWS["one-hot"]),
            feature_dim=900,
            cache_folder=tmp_path / "cache",
            max_memory_bytes=LEAST_BYTES,
        )
