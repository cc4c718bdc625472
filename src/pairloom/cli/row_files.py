"""The rows that a path on the command line means."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Literal, TypeAlias

from pairloom.batch import RowBatch
from pairloom.errors import DataError, UserError
from pairloom.formats import read_recordio, read_table
from pairloom.formats.array_files import read_array_file
from pairloom.formats.binary_labels import zero_one_labels
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.file_format import FILE_FORMATS, NAMES, source_format
from pairloom.formats.libsvm import MAX_WIDTH, ZeroBased, read_libsvm_and_base
from pairloom.formats.table_encoding import hash_batch
from pairloom.formats.tables import TABLE_FORMATS, TableFormat
from pairloom.training.labels import check_labels

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]

_ZERO_BASED: dict[str, ZeroBased] = {"auto": "auto", "true": True, "false": False}
_LABEL = "label"
_FIRST_COLUMN = "f0"


def add_format_options(parser: argparse.ArgumentParser, *, learns: bool = False) -> None:
    """Add what says how the files of a command are to be read.

    Only a command that learns features from a table asks for labels and categories; others know
    them from the model.
    """
    group = parser.add_argument_group("files")
    group.add_argument(
        "--format",
        choices=FILE_FORMATS,
        help="format of the files; told by their content and suffix when not given",
    )
    group.add_argument(
        "--zero-based",
        choices=_ZERO_BASED,
        default="auto",
        help="whether feature ids of libsvm text count from 0; auto, the default: as in the rows "
        "that the model was trained on, or when any is 0",
    )
    group.add_argument(
        "--no-header", action="store_true", help="CSV has no header; its columns are f0, f1, ..."
    )
    if learns:
        group.add_argument(
            "--label",
            metavar="COLUMN",
            help="column of labels in CSV, Parquet and Arrow files; default label, without a "
            "header f0",
        )
        group.add_argument(
            "--categorical",
            type=lambda text: text.split(","),
            default=[],
            metavar="COLUMN,...",
            help="columns of whole numbers that are categories, as ids are; text always is",
        )


class RowFiles:
    """Reads the files of one command, all in the same way.

    What the first file does not find in `encoding` it adds: how its columns become features, and
    whether the ids of libsvm text count from 0.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        encoding: FeatureEncoding | None = None,
        *,
        learns: bool = False,
    ) -> None:
        self.encoding = encoding or FeatureEncoding()
        self._arguments = arguments
        self._learns = learns

    def read(self, path: Path) -> RowBatch:
        """Read rows of any width, with labels or without."""
        return self._read(path, None, None, require_labels=False)

    def read_to_score(self, path: Path, feature_dim: int) -> RowBatch:
        """Read rows of one width, with labels or without."""
        return self._read(path, feature_dim, None, require_labels=False)

    def read_labelled(
        self, path: Path, feature_dim: int | None, predictor_type: PredictorType
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
        file_format = self._arguments.format or source_format(path)
        hash_bits = self.encoding.hash_bits
        width = feature_dim if hash_bits is None else None
        if file_format in TABLE_FORMATS:
            rows = self._read_table(path, file_format, require_labels=require_labels)
            rows = _of_width(path, rows, feature_dim)
            return _with_table_labels(path, rows, predictor_type) if require_labels else rows
        if file_format == "recordio":
            return read_recordio(
                path,
                feature_dim=width,
                predictor_type=predictor_type,
                require_labels=require_labels,
                hash_bits=hash_bits,
            )
        if file_format == "libsvm":
            rows = self._read_libsvm(path, width, predictor_type, require_labels=require_labels)
        else:
            rows = _of_width(path, _array_rows(path), width)
            rows = _labelled(path, rows, predictor_type) if require_labels else rows
        return rows if hash_bits is None else hash_batch(rows, hash_bits)

    def _read_libsvm(
        self,
        path: Path,
        feature_dim: int | None,
        predictor_type: PredictorType | None,
        *,
        require_labels: bool,
    ) -> RowBatch:
        zero_based = _ZERO_BASED[self._arguments.zero_based]
        if zero_based == "auto" and self.encoding.zero_based is not None:
            zero_based = self.encoding.zero_based
        rows, found = read_libsvm_and_base(
            path,
            feature_dim=feature_dim if self.encoding.hash_bits is None else MAX_WIDTH,
            zero_based=zero_based,
            predictor_type=predictor_type,
            require_labels=require_labels,
        )
        self.encoding = dataclasses.replace(self.encoding, zero_based=found)
        return rows

    def _read_table(
        self, path: Path, table_format: TableFormat, *, require_labels: bool
    ) -> RowBatch:
        header = not self._arguments.no_header
        if self.encoding.columns is not None:
            rows, _ = read_table(path, table_format, header=header, encoding=self.encoding)
            return rows
        if not self._learns:
            raise UserError(
                f"{path}: {NAMES[table_format]} has columns; the model was trained on rows of ids"
            )
        rows, self.encoding = read_table(
            path,
            table_format,
            label=self._arguments.label or (_LABEL if header else _FIRST_COLUMN),
            require_label=require_labels or self._arguments.label is not None,
            categorical=self._arguments.categorical,
            hash_bits=self.encoding.hash_bits,
            header=header,
        )
        return rows


def _array_rows(path: Path) -> RowBatch:
    if path.is_dir():
        raise DataError(f"{path}: a folder of NumPy files cannot be read; name one file")
    return read_array_file(path)


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


def _with_table_labels(
    path: Path, rows: RowBatch, predictor_type: PredictorType | None
) -> RowBatch:
    if rows.labels is None:
        raise DataError(f"{path}: no column of labels; --label names it")
    if predictor_type != "binary_classifier":
        return rows
    return dataclasses.replace(rows, labels=zero_one_labels(rows.labels, str(path)))
