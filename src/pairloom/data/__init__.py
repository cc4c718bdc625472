"""Rows to train on and to score, from files, folders of shards, streams and fifos."""

from __future__ import annotations

from pairloom.data.epoch_rows import EpochRows, RowsInterruptedError
from pairloom.data.fifo_rows import FifoRows
from pairloom.data.file_options import FileOptions
from pairloom.data.row_files import RowFiles
from pairloom.data.row_stream import RowStream
from pairloom.data.segments import Place, Segment, SegmentedRows, Shuffle

__all__ = [
    "EpochRows",
    "FifoRows",
    "FileOptions",
    "Place",
    "RowFiles",
    "RowStream",
    "RowsInterruptedError",
    "Segment",
    "SegmentedRows",
    "Shuffle",
]
