"""Bodies of requests to rows, by media type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pairloom._core import read_json_rows, read_recordio_rows
from pairloom.batch import RowBatch
from pairloom.errors import DataFormatError
from pairloom.formats.table_encoding import hash_batch
from pairloom.serving.codecs.csv_requests import read_csv
from pairloom.serving.codecs.row_rule import RowRule
from pairloom.serving.media_types import CSV, JSON, JSON_LINES, RECORDIO

# From a body, its media type's parameters and the model's rule.
Reader: TypeAlias = Callable[[bytes, Mapping[str, str], RowRule], RowBatch]


def _read_json(body: bytes, _parameters: Mapping[str, str], rule: RowRule) -> RowBatch:
    return _hashed(read_json_rows(body, rule.row_width, lines=False), rule)


def _read_json_lines(body: bytes, _parameters: Mapping[str, str], rule: RowRule) -> RowBatch:
    return _hashed(read_json_rows(body, rule.row_width, lines=True), rule)


def _read_recordio(body: bytes, _parameters: Mapping[str, str], rule: RowRule) -> RowBatch:
    rows = read_recordio_rows(body, rule.row_width, rule.encoding.hash_bits or 0)
    del rows["num_unsorted"]
    batch = RowBatch(**rows)
    if batch.num_rows == 0:
        raise DataFormatError("the body has no record")
    return batch


def _hashed(arrays: dict[str, Any], rule: RowRule) -> RowBatch:
    rows = RowBatch(**arrays)
    hash_bits = rule.encoding.hash_bits
    return rows if hash_bits is None else hash_batch(rows, hash_bits)


READERS: Mapping[str, Reader] = {
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
    RECORDIO: _read_recordio,
    CSV: read_csv,
}
