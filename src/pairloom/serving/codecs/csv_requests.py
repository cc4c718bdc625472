"""Requests in CSV: numbers alone, or the columns that a model was trained on."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from pairloom._core import read_csv_rows
from pairloom.batch import RowBatch
from pairloom.errors import DataError, UserError
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.table_encoding import hash_batch
from pairloom.formats.tables import read_table
from pairloom.serving.codecs.row_rule import RowRule

_HEADERS = {"present": True, "absent": False}


class _Body(io.BytesIO):
    """A file in memory that messages can name."""

    name = "body"


def read_csv(body: bytes, parameters: Mapping[str, str], rule: RowRule) -> RowBatch:
    """Read rows of numbers without header and label, or of a model's columns.

    The media type's parameter `header`, present or absent, says whether the columns' names come
    first. When it is not given they do if the first line holds the name of every column.
    """
    header = _told_header(parameters)
    if rule.encoding.columns is not None:
        has_names = _names_columns(body, rule.encoding) if header is None else header
        rows, _ = read_table(_Body(body), "csv", header=has_names, encoding=rule.encoding)
        return _checked_width(rows, rule)
    if header:
        _, _, body = body.partition(b"\n")
    rows = RowBatch(**read_csv_rows(body, rule.row_width))
    hash_bits = rule.encoding.hash_bits
    return rows if hash_bits is None else hash_batch(rows, hash_bits)


def _told_header(parameters: Mapping[str, str]) -> bool | None:
    told = parameters.get("header")
    if told is not None and told not in _HEADERS:
        raise UserError(f"content type: header={told}; expected present or absent")
    return None if told is None else _HEADERS[told]


def _names_columns(body: bytes, encoding: FeatureEncoding) -> bool:
    line = body.partition(b"\n")[0].decode("utf-8", "replace")
    fields = next(csv.reader([line]), [])
    return {column.name for column in encoding.columns or ()} <= set(fields)


def _checked_width(rows: RowBatch, rule: RowRule) -> RowBatch:
    if rows.num_rows == 0:
        raise DataError("the body has no row")
    if rows.feature_dim != rule.feature_dim:
        raise DataError(
            f"body: rows are {rows.feature_dim} wide; feature_dim is {rule.feature_dim}"
        )
    return rows
