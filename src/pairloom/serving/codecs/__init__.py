"""Bytes of requests to rows, predictions to bytes of answers; one module for each direction."""

from __future__ import annotations

from pairloom.serving.codecs.answers import WRITABLE, WRITERS
from pairloom.serving.codecs.requests import READERS
from pairloom.serving.codecs.row_rule import RowRule

__all__ = ["READERS", "WRITABLE", "WRITERS", "RowRule"]
