"""The rows that a path on the command line means."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal, TypeAlias

from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats import read_recordio
from pairloom.formats.array_files import read_array_file
from pairloom.formats.file_format import FILE_FORMATS, FileFormat, source_format
from pairloom.formats.libsvm import ZeroBased, read_libsvm_and_base
from pairloom.training.labels import check_labels

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]

_ZERO_BASED: dict[str, ZeroBased] = {"auto": "auto", "true": True, "false": False}


def add_format_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how the files of a command are to be read."""
    parser.add_argument(
        "--format",
        choices=FILE_FORMATS,
        help="format of the files; told by their content and suffix when not given",
    )
    parser.add_argument(
        "--zero-based",
        choices=_ZERO_BASED,
        default="auto",
        help="whether feature ids of libsvm text count from 0; auto, the default: when any is 0",
    )


class RowFiles:
    """Reads the files of one command, all in the same way.

    Whether the ids of libsvm text count from 0 is found out from the first such file.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._format: FileFormat | None = arguments.format
        self._zero_based = _ZERO_BASED[arguments.zero_based]

    def read(self, path: Path) -> RowBatch:
        """Read rows of any width, with labels or without."""
        return self._read(path, None, None, require_labels=False)

    def read_to_score(self, path: Path, feature_dim: int) -> RowBatch:
        """Read rows of one width, with labels or without."""
        return self._read(path, feature_dim, None, require_labels=False)

    def read_labelled(
        self, path: Path, feature_dim: int, predictor_type: PredictorType
    ) -> RowBatch:
        """Read rows of one width, whose labels suit the predictor type."""
        return self._read(path, feature_dim, predictor_type, require_labels=True)

    def _read(
        self,
        path: Path,
        feature_dim: int | None,
        predictor_type: PredictorType | None,
        *,
        require_labels: bool,
    ) -> RowBatch:
        file_format = self._format or source_format(path)
        if file_format == "numpy":
            if path.is_dir():
                raise DataError(f"{path}: a folder of NumPy files cannot be read; name one file")
            rows = _of_width(path, read_array_file(path), feature_dim)
            return _labelled(path, rows, predictor_type) if require_labels else rows
        if file_format == "libsvm":
            rows, self._zero_based = read_libsvm_and_base(
                path,
                feature_dim=feature_dim,
                zero_based=self._zero_based,
                predictor_type=predictor_type,
                require_labels=require_labels,
            )
            return rows
        return read_recordio(
            path,
            feature_dim=feature_dim,
            predictor_type=predictor_type,
            require_labels=require_labels,
        )


def _of_width(path: Path, rows: RowBatch, feature_dim: int | None) -> RowBatch:
    if feature_dim is not None and rows.feature_dim != feature_dim:
        raise DataError(f"{path}: rows are {rows.feature_dim} wide; feature_dim is {feature_dim}")
    return rows


def _labelled(path: Path, rows: RowBatch, predictor_type: PredictorType | None) -> RowBatch:
    if rows.labels is None:
        raise DataError(f"{path}: rows have no labels; `pairloom convert --labels` adds them")
    try:
        check_labels(rows.labels, predictor_type or "regressor")
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return rows
