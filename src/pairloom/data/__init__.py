"""Rows to train on and to score, from files, folders of shards, streams and fifos."""

from __future__ import annotations

from pairloom.data.epoch_rows import EpochRows, RowsInterruptedError
from pairloom.data.fifo_rows import FifoRows
from pairloom.data.file_options import FileOptions
from pairloom.data.row_files import RowFiles

__all__ = ["EpochRows", "FifoRows", "FileOptions", "RowFiles", "RowsInterruptedError"]
