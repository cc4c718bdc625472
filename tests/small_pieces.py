"""Files read in pieces that are small enough for a test's few rows to be many of them."""

from __future__ import annotations

import pytest

from pairloom.formats import byte_files
from pairloom.formats.arrow import csv_files, table_pieces


def read_small_pieces(
    monkeypatch: pytest.MonkeyPatch, *, piece_bytes: int, block_bytes: int, fewest_rows: int
) -> None:
    """Read pieces of so many bytes; of CSV in blocks of others, of Parquet no fewer rows."""
    monkeypatch.setattr(byte_files, "_READ_BYTES", piece_bytes)
    monkeypatch.setattr(csv_files, "_SMALLEST_BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES_OF_A_COLUMN", block_bytes // 30)
    monkeypatch.setattr(table_pieces, "_FEWEST_ROWS", fewest_rows)
    monkeypatch.setattr(table_pieces, "_PIECE_BYTES", piece_bytes)
