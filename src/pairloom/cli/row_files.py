"""The rows that a path on the command line means."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats import read_recordio
from pairloom.formats.array_files import is_array_file, read_array_file
from pairloom.training.labels import check_labels

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]


def read_rows(path: Path) -> RowBatch:
    """Read rows of any width, with labels or without.

    A file that NumPy wrote is known by its first bytes; anything else, a folder or a pipe too, is
    recordio-protobuf.
    """
    if path.is_file() and is_array_file(path):
        return read_array_file(path)
    return read_recordio(path, require_labels=False)


def read_rows_to_score(path: Path, feature_dim: int) -> RowBatch:
    """Read rows of one width, with labels or without."""
    if path.is_file() and is_array_file(path):
        return _of_width(path, read_array_file(path), feature_dim)
    return read_recordio(path, feature_dim=feature_dim, require_labels=False)


def read_labelled_rows(path: Path, feature_dim: int, predictor_type: PredictorType) -> RowBatch:
    """Read rows of one width, whose labels suit the predictor type."""
    if not (path.is_file() and is_array_file(path)):
        return read_recordio(path, feature_dim=feature_dim, predictor_type=predictor_type)
    rows = _of_width(path, read_array_file(path), feature_dim)
    if rows.labels is None:
        raise DataError(f"{path}: rows have no labels; `pairloom convert --labels` adds them")
    try:
        check_labels(rows.labels, predictor_type)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return rows


def _of_width(path: Path, rows: RowBatch, feature_dim: int) -> RowBatch:
    if rows.feature_dim != feature_dim:
        raise DataError(f"{path}: rows are {rows.feature_dim} wide; feature_dim is {feature_dim}")
    return rows
