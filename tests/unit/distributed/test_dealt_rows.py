"""Every row goes to one worker, or, where rows are replicated, to each."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from click_cluster import FEATURE_DIM, click_rows, click_settings
from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowStream
from pairloom.distributed import DistributedSettings
from pairloom.distributed.dealt_rows import deal_rows
from pairloom.formats import write_recordio


def numbered_rows(num_rows: int) -> RowBatch:
    labels = np.arange(num_rows, dtype=np.float32)
    return RowBatch(1, values=np.ones((num_rows, 1), np.float32), labels=labels)


def numbers(rows: Any) -> list[int]:
    return [] if rows is None else [int(label) for label in rows.labels]


def streamed(tmp_path: Path, sizes: list[int]) -> RowStream:
    for number, size in enumerate(sizes):
        write_recordio(tmp_path / f"{number}.pbr", click_rows(size, seed=number))
    return RowStream.of(
        tmp_path, options=FileOptions(), feature_dim=FEATURE_DIM, predictor_type="regressor"
    )


def dealt(rows: Any, num_workers: int, **options: Any) -> Any:
    replicated = options.pop("replicated", False)
    settings = DistributedSettings(num_workers=num_workers, mode=options.pop("mode", "local"))
    return deal_rows(rows, settings, click_settings(**options), replicated=replicated)


def num_rows(stream: RowBatch | RowStream | None) -> int:
    assert isinstance(stream, RowStream)
    return sum(segment.rows.num_rows for segment in stream.segments(0))


def test_rows_in_memory_are_cut_into_pieces_of_equal_length() -> None:
    parts = dealt(numbered_rows(10), 3)
    assert [numbers(part) for part in parts] == [[0, 1, 2], [3, 4, 5], [6, 7, 8, 9]]


def test_workers_beyond_the_rows_get_none() -> None:
    parts = dealt(numbered_rows(1), 2)
    assert [numbers(part) for part in parts] == [[], [0]]


def test_mode_sync_gives_each_worker_its_chunks_of_every_mini_batch() -> None:
    parts = dealt(numbered_rows(70), 2, mode="sync", mini_batch_size=32, feature_dim=1)
    first = [*range(16), *range(32, 48), *range(64, 70)]
    assert [numbers(part) for part in parts] == [first, [*range(16, 32), *range(48, 64)]]


def test_replicated_rows_begin_at_another_place_for_each_worker() -> None:
    parts = dealt(numbered_rows(4), 2, replicated=True)
    assert [numbers(part) for part in parts] == [[0, 1, 2, 3], [2, 3, 0, 1]]


def test_shards_go_to_who_has_the_fewest_bytes(tmp_path: Path) -> None:
    stream = streamed(tmp_path, [900, 200, 300, 300])
    parts = dealt(stream, 2)
    assert [num_rows(part) for part in parts] == [900, 800]


def test_replicated_shards_go_to_each_worker(tmp_path: Path) -> None:
    parts = dealt(streamed(tmp_path, [50, 20]), 2, replicated=True)
    assert [num_rows(part) for part in parts] == [70, 70]
    firsts = [next(part.segments(0)) for part in parts if isinstance(part, RowStream)]
    assert [first.rows.num_rows for first in firsts] == [50, 20]


def test_too_few_shards_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "pairloom"):
        parts = dealt(streamed(tmp_path, [50]), 2)
    assert parts[1] is None
    assert "1 of 2 workers have no rows" in caplog.text
