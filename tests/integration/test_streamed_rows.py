"""Rows streamed from shards: the bytes of the same rows in memory, at any sizes of anything."""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.runs import (
    as_classes,
    bytes_of_run,
    dense_rows,
    one_hot_rows,
    sparse_real_rows,
    with_weights,
)
from integration.short_runs import VALIDATION, settings_of
from integration.streams import (
    LEAST_BYTES,
    StopAfter,
    allow_small_streams,
    options_of,
    stream_of,
    write_shards,
)
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowFiles, RowsInterruptedError, RowStream
from pairloom.errors import DataError, UserError
from pairloom.formats import write_libsvm, write_recordio
from pairloom.training import Checkpoints, EpochEvent, ResumedEvent, TrainingEvent, train

ROWS = {
    "dense": as_classes(dense_rows(500)),
    "weighted": as_classes(with_weights(dense_rows(500))),
    "one-hot": one_hot_rows(800),
    "sparse": as_classes(sparse_real_rows(500)),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_small_streams(monkeypatch)
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(ROWS)),
    file_format=st.sampled_from(["recordio", "libsvm"]),
    ends=st.lists(st.integers(0, 500), max_size=4).map(sorted),
    mini_batch_size=st.sampled_from([1, 7, 40, 64, 250, 499, 500, 5000]),
    batch_ramp=st.sampled_from([0, 0, 8]),
    max_memory_bytes=st.sampled_from([LEAST_BYTES, 30_000, 10**6]),
    num_threads=st.integers(1, 3),
    optimizer=st.sampled_from(["adam", "ftrl"]),
)
def test_a_stream_gives_the_bytes_of_rows_in_memory(
    kind: str,
    file_format: str,
    ends: list[int],
    mini_batch_size: int,
    batch_ramp: int,
    max_memory_bytes: int,
    num_threads: int,
    optimizer: str,
) -> None:
    rows = ROWS[kind]
    if file_format == "libsvm" and rows.weights is not None:
        rows = replace(rows, weights=None)
    chosen = settings_of(
        rows,
        mini_batch_size=mini_batch_size,
        batch_ramp=batch_ramp,
        _optimizer=optimizer,
        epochs=2,
    )
    whole = train(rows, chosen, num_threads=1)
    with tempfile.TemporaryDirectory() as folder:
        shards = write_shards(Path(folder) / "shards", rows, ends, file_format)
        stream = stream_of(
            shards,
            options_of(rows, file_format),
            feature_dim=rows.feature_dim,
            max_memory_bytes=max_memory_bytes,
            num_threads=num_threads,
        )
        streamed = train(stream, chosen, num_threads=num_threads)
    found = bytes_of_run(streamed, rows, num_threads=1)
    assert found == bytes_of_run(whole, rows, num_threads=1)
    assert [event.rows for event in streamed.history] == [event.rows for event in whole.history]


@pytest.mark.parametrize(
    "changed",
    [
        {"early_stopping": True, "epochs": 12, "factors_lr": 0.2, "early_stopping_patience": 2},
        {"plateau_patience": 1, "epochs": 6, "factors_lr": 0.2},
        {"batch_metrics_publish_interval": 3},
    ],
    ids=str,
)
def test_validation_and_batch_metrics_are_those_of_rows_in_memory(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    rows = ROWS["weighted"]
    chosen = settings_of(rows, **changed)
    shards = write_shards(tmp_path / "shards", rows, [100, 350])
    told: list[list[TrainingEvent]] = [[], []]
    whole = train(rows, chosen, validation=VALIDATION, on_event=told[0].append)
    stream = stream_of(shards, options_of(rows))
    streamed = train(stream, chosen, validation=VALIDATION, on_event=told[1].append)
    found = bytes_of_run(streamed, rows, num_threads=1)
    assert found == bytes_of_run(whole, rows, num_threads=1)
    batches = [[event for event in events if type(event).__name__ == "BatchEvent"]
               for events in told]  # fmt: skip
    assert batches[0] == batches[1]
    assert batches[0]


def test_dense_and_sparse_shards_go_together(tmp_path: Path) -> None:
    rows = ROWS["dense"]
    matrix = rows.values
    assert matrix is not None
    assert rows.labels is not None
    folder = tmp_path / "shards"
    folder.mkdir()
    sparse = np.flatnonzero(np.arange(500) % 7 == 0)
    row, feature = np.nonzero(matrix[sparse])
    write_recordio(folder / "a", replace(rows, values=matrix[:200], labels=rows.labels[:200]))
    counts = np.bincount(row, minlength=len(sparse))
    write_recordio(
        folder / "b",
        RowBatch(
            rows.feature_dim,
            row_offsets=np.concatenate([[0], np.cumsum(counts)]),
            feature_ids=feature.astype(np.int32),
            values=matrix[sparse][row, feature],
            labels=rows.labels[sparse],
        ),
    )
    write_recordio(folder / "c", replace(rows, values=matrix[200:], labels=rows.labels[200:]))
    whole = RowFiles(FileOptions()).read_labelled(folder, None, "binary_classifier")
    chosen = settings_of(rows, mini_batch_size=90)
    streamed = train(stream_of(folder, FileOptions()), chosen)
    expected = bytes_of_run(train(whole, chosen), rows, num_threads=1)
    assert bytes_of_run(streamed, rows, num_threads=1) == expected


def test_compressed_shards_are_streamed_and_gone_on_in(tmp_path: Path) -> None:
    rows = ROWS["dense"]
    shards = write_shards(tmp_path / "shards", rows, [200])
    for path in list(shards.iterdir()):
        path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    whole = bytes_of_run(train(rows, settings_of(rows)), rows, num_threads=1)
    options = FileOptions()
    found = train(stream_of(shards, options), settings_of(rows))
    assert bytes_of_run(found, rows, num_threads=1) == whole
    saved = Checkpoints(tmp_path / "checkpoints")
    stopped = train(stream_of(shards, options), settings_of(rows), checkpoints=saved,
                    stop_requested=StopAfter(9))  # fmt: skip
    assert stopped.interrupted
    found = train(stream_of(shards, options), settings_of(rows), checkpoints=saved)
    assert bytes_of_run(found, rows, num_threads=1) == whole


@pytest.mark.parametrize("pieces", [[0], [3, 1, 0, 8], [17, 2], [11, 12]], ids=str)
@pytest.mark.parametrize("kind", ["weighted", "one-hot"])
def test_pieces_of_a_run_equal_the_whole(pieces: list[int], kind: str, tmp_path: Path) -> None:
    rows = ROWS[kind]
    chosen = settings_of(rows)
    shards = write_shards(tmp_path / "shards", rows, [111, 112, 390])
    whole = train(rows, chosen)
    for place, blocks in enumerate(pieces):
        # Other sizes of blocks after each stop, too.
        stream = stream_of(shards, options_of(rows), max_memory_bytes=LEAST_BYTES * (1 + place))
        stopped = train(
            stream,
            chosen,
            checkpoints=Checkpoints(tmp_path / "saved"),
            stop_requested=StopAfter(blocks),
        )
        assert stopped.interrupted
    again = train(
        stream_of(shards, options_of(rows)), chosen, checkpoints=Checkpoints(tmp_path / "saved")
    )
    assert bytes_of_run(again, rows, num_threads=1) == bytes_of_run(whole, rows, num_threads=1)
    assert again.state.trainer.step_count == whole.state.trainer.step_count


def test_a_resumed_run_reads_no_shard_that_it_had_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROWS["dense"]
    shards = write_shards(tmp_path / "shards", rows, [200, 400])
    chosen = settings_of(rows, epochs=1)
    saved = Checkpoints(tmp_path / "saved")
    train(stream_of(shards, FileOptions()), chosen, checkpoints=saved, stop_requested=StopAfter(8))
    opened: list[tuple[str, int]] = []
    read = Path.open

    def spy(path: Path, *arguments: Any, **settings: Any) -> Any:
        file = read(path, *arguments, **settings)
        if path.parent == shards and settings.get("buffering") == 0:
            seek = file.seek
            opened.append((path.name, 0))

            class Seen:
                def __enter__(self) -> Any:
                    return self

                def __exit__(self, *_: object) -> None:
                    file.close()

                def readinto(self, buffer: Any) -> int:
                    return int(file.readinto(buffer))

                def seek(self, offset: int) -> int:
                    opened[-1] = (path.name, offset)
                    return int(seek(offset))

            return Seen()
        return file

    stream = stream_of(shards, FileOptions())
    monkeypatch.setattr(Path, "open", spy)
    events: list[TrainingEvent] = []
    again = train(stream, chosen, checkpoints=saved, on_event=events.append)
    resumed = events[0]
    assert isinstance(resumed, ResumedEvent)
    assert resumed.rows_done > 200
    assert [name for name, _ in opened] == ["part-001", "part-002"]
    assert opened[0][1] > 0
    whole = train(rows, chosen)
    assert bytes_of_run(again, rows, num_threads=1) == bytes_of_run(whole, rows, num_threads=1)


def test_other_shards_are_refused_by_a_checkpoint(tmp_path: Path) -> None:
    rows = ROWS["dense"]
    chosen = settings_of(rows)
    saved = Checkpoints(tmp_path / "saved")
    stream = stream_of(write_shards(tmp_path / "a", rows, [200]), FileOptions())
    train(stream, chosen, checkpoints=saved, stop_requested=StopAfter(7))
    other = write_shards(tmp_path / "b", replace(rows, values=-np.asarray(rows.values)), [200])
    with pytest.raises(UserError, match="training rows streamed from 2 shards of checksum"):
        train(stream_of(other, FileOptions()), chosen, checkpoints=saved)
    with pytest.raises(UserError, match="training rows streamed from 2 shards of checksum"):
        train(rows, chosen, checkpoints=saved)


def test_labels_of_minus_one_become_0_in_a_stream_too(tmp_path: Path) -> None:
    rows = ROWS["sparse"]
    path = tmp_path / "rows.libsvm"
    write_libsvm(path, replace(rows, labels=2 * np.asarray(rows.labels) - 1), zero_based=True)
    options = FileOptions(format="libsvm", zero_based=True)
    streamed = train(stream_of(path, options, feature_dim=rows.feature_dim), settings_of(rows))
    expected = bytes_of_run(train(rows, settings_of(rows)), rows, num_threads=1)
    assert bytes_of_run(streamed, rows, num_threads=1) == expected


def test_a_stream_that_waits_for_a_fifo_can_be_stopped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rows.pbr")
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    stream = stream_of(
        tmp_path / "rows.pbr", FileOptions(), feature_dim=40, stop_requested=asked.is_set
    )
    result = train(stream, settings_of(ROWS["dense"], epochs=1))
    assert result.interrupted
    with pytest.raises(RowsInterruptedError):
        next(stream.segments(0))


def test_a_fifo_is_streamed_once(tmp_path: Path) -> None:
    rows = ROWS["dense"]
    write_recordio(tmp_path / "rows", rows)
    content = (tmp_path / "rows").read_bytes()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    threading.Thread(target=lambda: fifo.write_bytes(content), daemon=True).start()
    streamed = train(stream_of(fifo, FileOptions(), feature_dim=40), settings_of(rows, epochs=1))
    whole = train(rows, settings_of(rows, epochs=1))
    assert streamed.model.factors.tobytes() == whole.model.factors.tobytes()
    threading.Thread(target=lambda: fifo.write_bytes(content), daemon=True).start()
    with pytest.raises(DataError, match="a fifo can be read once; epochs must be 1"):
        train(stream_of(fifo, FileOptions(), feature_dim=40), settings_of(rows, epochs=2))


def test_the_epoch_after_the_first_knows_how_many_rows_there_are(tmp_path: Path) -> None:
    rows = ROWS["weighted"]
    shards = write_shards(tmp_path / "shards", rows, [100])
    totals: dict[int, set[int]] = {0: set(), 1: set()}
    ends: list[int] = []

    def listen(event: TrainingEvent) -> None:
        if type(event).__name__ == "ProgressEvent":
            totals[event.epoch].add(event.rows_total)  # type: ignore[union-attr]
        elif isinstance(event, EpochEvent):
            ends.append(event.rows)

    stream: RowStream = stream_of(shards, options_of(rows))
    train(stream, settings_of(rows, epochs=2), on_event=listen)
    assert totals == {0: {0, ends[0]}, 1: {ends[0]}}
    assert ends[0] == int((np.asarray(rows.weights) > 0).sum())
