"""Bytes to rows and rows to bytes, one module per format; nothing about where bytes lie."""

from __future__ import annotations

from pairloom.formats.libsvm import read_libsvm, write_libsvm
from pairloom.formats.recordio import read_recordio, write_recordio

__all__ = ["read_libsvm", "read_recordio", "write_libsvm", "write_recordio"]
