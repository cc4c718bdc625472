"""Rows to train on and to score, from files, folders of shards and streams."""

from __future__ import annotations

from pairloom.data.file_options import FileOptions
from pairloom.data.row_files import RowFiles

__all__ = ["FileOptions", "RowFiles"]
