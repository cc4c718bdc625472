"""Bytes to rows and rows to bytes, one module per format; nothing about where bytes lie."""

from __future__ import annotations

from pairloom.formats.libsvm import read_libsvm, write_libsvm
from pairloom.formats.recordio import read_recordio, write_recordio
from pairloom.formats.tables import encode_frame, read_table

__all__ = [
    "encode_frame",
    "read_libsvm",
    "read_recordio",
    "read_table",
    "write_libsvm",
    "write_recordio",
]
