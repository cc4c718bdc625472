"""Streams shuffled in a buffer: every row once, in the seed's order, mixed well enough."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.runs import as_classes, bytes_of_run, dense_rows, one_hot_rows, with_weights
from integration.short_runs import settings_of
from integration.streams import StopAfter, allow_small_streams, options_of, stream_of, write_shards
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowFiles, RowStream, Shuffle
from pairloom.data.joined_rows import rows_at
from pairloom.errors import DataFormatError, UserError
from pairloom.formats import write_recordio
from pairloom.training import Checkpoints, evaluate, train

ROWS = {
    "dense": as_classes(with_weights(dense_rows(600))),
    "one-hot": one_hot_rows(1500),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_small_streams(monkeypatch)
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)


def numbered(rows: RowBatch) -> RowBatch:
    return replace(rows, labels=np.arange(rows.num_rows, dtype=np.float32), weights=None)


def visited(stream: RowStream, seed: int, epoch: int) -> npt.NDArray[np.float32]:
    """Return the labels in the order in which an epoch has them."""
    parts = []
    for segment in stream.segments(0, shuffle=Shuffle(seed, epoch)):
        assert segment.rows.labels is not None
        assert segment.order is not None
        parts.append(segment.rows.labels[segment.order])
    return np.concatenate(parts)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(ROWS)),
    file_format=st.sampled_from(["recordio", "libsvm"]),
    ends=st.lists(st.integers(0, 600), max_size=3).map(sorted),
    max_memory_bytes=st.sampled_from([8_000, 60_000, 10**6]),
    seed=st.integers(0, 2**63 - 1),
)
def test_each_epoch_has_every_row_once_in_an_order_of_its_own(
    kind: str, file_format: str, ends: list[int], max_memory_bytes: int, seed: int
) -> None:
    rows = numbered(ROWS[kind])
    with tempfile.TemporaryDirectory() as folder:
        shards = write_shards(Path(folder) / "shards", rows, ends, file_format)
        orders: dict[int, npt.NDArray[np.float32]] = {}
        for threads in (1, 3):
            stream = stream_of(
                shards,
                options_of(rows, file_format),
                feature_dim=rows.feature_dim,
                predictor_type="regressor",
                max_memory_bytes=max_memory_bytes,
                num_threads=threads,
            )
            for epoch in (0, 1):
                order = visited(stream, seed, epoch)
                np.testing.assert_array_equal(np.sort(order), rows.labels)
                np.testing.assert_array_equal(orders.setdefault(epoch, order), order)
        assert (orders[0] != orders[1]).any()


def test_rows_come_from_all_over_a_shard(tmp_path: Path) -> None:
    rows = numbered(one_hot_rows(20_000))
    shards = write_shards(tmp_path / "shards", rows, [])
    stream = stream_of(
        shards, options_of(rows), predictor_type="regressor", max_memory_bytes=400_000
    )
    order = visited(stream, 7, 0)
    tenths = order.reshape(10, -1).mean(axis=1) / 20_000
    assert np.all(np.abs(tenths - 0.5) < 0.2)
    neighbours = np.abs(np.diff(order)) == 1
    assert neighbours.mean() < 0.02


def log_loss(stream_or_rows: RowStream | RowBatch, *, shuffle: bool) -> float:
    settings_ = settings_of(
        HELD_OUT, shuffle=shuffle, epochs=3, mini_batch_size=100, _optimizer="adagrad"
    )
    model = train(stream_or_rows, settings_).model
    return evaluate(model, HELD_OUT)["binary_classification_cross_entropy"]


HELD_OUT = one_hot_rows(4_000, seed=1)


def test_sorted_rows_are_learned_almost_as_well_as_fully_shuffled_ones(tmp_path: Path) -> None:
    rows = one_hot_rows(20_000)
    assert rows.labels is not None
    by_label = rows_at(rows, np.argsort(rows.labels, kind="stable"))
    shards = write_shards(tmp_path / "shards", by_label, [])
    size = sum(path.stat().st_size for path in shards.iterdir())
    options = options_of(rows)
    unshuffled = log_loss(stream_of(shards, options, max_memory_bytes=400_000), shuffle=False)
    fully = log_loss(by_label, shuffle=True)
    streamed = log_loss(stream_of(shards, options, max_memory_bytes=400_000), shuffle=True)
    assert size > 3 * 400_000
    assert unshuffled > fully + 0.1
    assert streamed < fully + 0.1 * (unshuffled - fully)


@pytest.mark.parametrize("kind", sorted(ROWS))
@pytest.mark.parametrize("packed", [False, True])
def test_pieces_of_a_shuffled_run_equal_the_whole(kind: str, packed: bool, tmp_path: Path) -> None:
    rows = ROWS[kind]
    chosen = settings_of(rows, shuffle=True)
    shards = write_shards(tmp_path / "shards", rows, [111, 112, 390])
    if packed:
        path = shards / "part-002"
        path.write_bytes(gzip.compress(path.read_bytes()))
    options = options_of(rows)
    whole = train(stream_of(shards, options, num_threads=3), chosen)
    for blocks in (0, 17, 3, 11):
        stopped = train(
            stream_of(shards, options),
            chosen,
            checkpoints=Checkpoints(tmp_path / "saved"),
            stop_requested=StopAfter(blocks),
        )
        assert stopped.interrupted
    again = train(stream_of(shards, options), chosen, checkpoints=Checkpoints(tmp_path / "saved"))
    assert bytes_of_run(again, rows, num_threads=1) == bytes_of_run(whole, rows, num_threads=1)
    other = stream_of(shards, options, max_memory_bytes=9_000)
    with pytest.raises(UserError, match="shuffled with max_memory_bytes 8000"):
        train(other, chosen, checkpoints=Checkpoints(tmp_path / "saved"))


@pytest.mark.parametrize("damage", ["magic", "end"])
def test_damage_in_the_middle_is_told_with_its_record(damage: str, tmp_path: Path) -> None:
    rows = as_classes(dense_rows(500))
    path = tmp_path / "rows"
    write_recordio(path, rows)
    content = bytearray(path.read_bytes())
    size = len(content) // 500
    if damage == "magic":
        content[333 * size] ^= 1
    else:
        del content[-5:]
    path.write_bytes(content)
    with pytest.raises(DataFormatError) as in_memory:
        RowFiles(FileOptions()).read_labelled(path, 40, "binary_classifier")
    with pytest.raises(DataFormatError) as streamed:
        train(stream_of(path, FileOptions(), feature_dim=40), settings_of(rows, shuffle=True))
    assert f"record {333 if damage == 'magic' else 499}:" in str(in_memory.value)
    assert str(streamed.value) == str(in_memory.value)
