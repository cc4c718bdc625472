"""Rows written to shards, and the stream that reads them in small blocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pairloom.batch import RowBatch
from pairloom.data import FileOptions, RowStream
from pairloom.data.joined_rows import rows_between
from pairloom.formats import write_libsvm, write_recordio

WEIGHT = "weight"
LEAST_BYTES = 8_000


def allow_small_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few kilobytes of rows come in many segments."""
    monkeypatch.setattr("pairloom.data.stream_memory.LEAST_MAX_MEMORY_BYTES", LEAST_BYTES)
    monkeypatch.setattr("pairloom.data.stream_memory._SMALLEST_BLOCK_BYTES", 64)


def write_shards(
    folder: Path, rows: RowBatch, ends: Sequence[int], file_format: str = "recordio"
) -> Path:
    """Write rows into a folder of shards that end after these rows."""
    folder.mkdir()
    bounds = [0, *ends, rows.num_rows]
    for number, (begin, end) in enumerate(pairwise(bounds)):
        part = rows_between(rows, begin, end)
        path = folder / f"part-{number:03d}"
        if file_format == "libsvm":
            write_libsvm(path.with_suffix(".libsvm"), part, zero_based=True)
        else:
            write_recordio(path, part, weight_feature=None if rows.weights is None else WEIGHT)
    return folder


def options_of(rows: RowBatch, file_format: str = "recordio") -> FileOptions:
    weighted = rows.weights is not None
    return FileOptions(
        format="libsvm" if file_format == "libsvm" else "recordio",
        zero_based=True,
        weight_feature=WEIGHT if weighted else None,
        weights_required=weighted,
    )


def stream_of(source: str | Path, options: FileOptions, **settings: Any) -> RowStream:
    given: dict[str, Any] = {
        "feature_dim": None,
        "predictor_type": "binary_classifier",
        "max_memory_bytes": LEAST_BYTES,
        **settings,
    }
    return RowStream.of(source, options=options, **given)


class StopAfter:
    """Asks to stop after so many blocks."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks

    def __call__(self) -> bool:
        self.blocks -= 1
        return self.blocks < 0
