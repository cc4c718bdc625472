"""Files and streams of rows, all of one command or job read in the same way."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pairloom.batch import RowBatch
from pairloom.data.file_options import FileOptions
from pairloom.errors import DataError, UserError
from pairloom.formats import read_recordio, read_table
from pairloom.formats.array_files import read_array_file
from pairloom.formats.binary_labels import check_labels, zero_one_labels
from pairloom.formats.byte_files import Source, name_of
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.file_format import NAMES, FileFormat, source_format
from pairloom.formats.libsvm import MAX_WIDTH, read_libsvm_and_base
from pairloom.formats.recordio import PredictorType
from pairloom.formats.table_encoding import hash_batch
from pairloom.formats.tables import TABLE_FORMATS, TableFormat


class RowFiles:
    """Reads the files of one command or job, all in the same way.

    A source is a file, a folder of shards or an open binary stream. What the first one does not
    find in `encoding` it adds: how its columns become features, and whether the ids of libsvm
    text count from 0.

    Parameters
    ----------
    options
        What is told of the files.
    encoding
        Of the model that the rows are for, or what is known before they are read.
    learns
        Whether features may be learned from a table; if not, `encoding` must know its columns.
    """

    def __init__(
        self,
        options: FileOptions,
        encoding: FeatureEncoding | None = None,
        *,
        learns: bool = False,
    ) -> None:
        self.options = options
        self.encoding = encoding or FeatureEncoding()
        self._learns = learns

    def read(self, source: Source) -> RowBatch:
        """Read rows of any width, with labels or without."""
        return self._read(source, None, None, require_labels=False)

    def read_to_score(self, source: Source, feature_dim: int) -> RowBatch:
        """Read rows of one width, with labels or without."""
        return self._read(source, feature_dim, None, require_labels=False)

    def read_labelled(
        self, source: Source, feature_dim: int | None, predictor_type: PredictorType
    ) -> RowBatch:
        """Read rows of one width, whose labels suit the predictor type."""
        return self._read(source, feature_dim, predictor_type, require_labels=True)

    def _read(
        self,
        source: Source,
        feature_dim: int | None,
        predictor_type: PredictorType | None,
        *,
        require_labels: bool,
    ) -> RowBatch:
        source = Path(source) if isinstance(source, str) else source
        file_format = self._format_of(source)
        hash_bits = self.encoding.hash_bits
        width = feature_dim if hash_bits is None else None
        require_weights = require_labels and self.options.weights_required
        if file_format in TABLE_FORMATS:
            rows = self._read_table(
                source,
                file_format,
                require_labels=require_labels,
                require_weights=require_weights,
            )
            rows = _of_width(source, rows, feature_dim)
            return _with_table_labels(source, rows, predictor_type) if require_labels else rows
        if file_format == "recordio":
            return read_recordio(
                source,
                feature_dim=width,
                predictor_type=predictor_type,
                require_labels=require_labels,
                hash_bits=hash_bits,
                weight_feature=self.options.weight_feature,
                require_weights=require_weights,
            )
        if require_weights and self.options.weight_feature is not None:
            _refuse_weights(source, file_format, self.options.weight_feature)
        if file_format == "libsvm":
            rows = self._read_libsvm(source, width, predictor_type, require_labels=require_labels)
        else:
            rows = _of_width(source, _array_rows(source), width)
            rows = _labelled(source, rows, predictor_type) if require_labels else rows
        return rows if hash_bits is None else hash_batch(rows, hash_bits)

    def _format_of(self, source: Source) -> FileFormat:
        if self.options.format is not None:
            return self.options.format
        if isinstance(source, Path):
            return source_format(source)
        raise UserError(f"{_name(source)}: the format of a stream must be told")

    def _read_libsvm(
        self,
        source: Source,
        feature_dim: int | None,
        predictor_type: PredictorType | None,
        *,
        require_labels: bool,
    ) -> RowBatch:
        zero_based = self.options.zero_based
        if zero_based == "auto" and self.encoding.zero_based is not None:
            zero_based = self.encoding.zero_based
        rows, found = read_libsvm_and_base(
            source,
            feature_dim=feature_dim if self.encoding.hash_bits is None else MAX_WIDTH,
            zero_based=zero_based,
            predictor_type=predictor_type,
            require_labels=require_labels,
        )
        self.encoding = dataclasses.replace(self.encoding, zero_based=found)
        return rows

    def _read_table(
        self,
        source: Source,
        table_format: TableFormat,
        *,
        require_labels: bool,
        require_weights: bool,
    ) -> RowBatch:
        options = self.options
        if self.encoding.columns is not None:
            rows, _ = read_table(
                source,
                table_format,
                header=options.header,
                encoding=self.encoding,
                weight_feature=options.weight_feature,
                require_weights=require_weights,
            )
            return rows
        if not self._learns:
            raise UserError(
                f"{_name(source)}: {NAMES[table_format]} has columns; "
                "the model was trained on rows of ids"
            )
        rows, self.encoding = read_table(
            source,
            table_format,
            label=options.label_column,
            require_label=require_labels or options.label is not None,
            categorical=options.categorical,
            hash_bits=self.encoding.hash_bits,
            header=options.header,
            weight_feature=options.weight_feature,
            require_weights=require_weights,
        )
        return rows


def _refuse_weights(source: Source, file_format: FileFormat, weight_feature: str) -> None:
    hint = "; the array `weights` of a .npz file holds them" if file_format == "numpy" else ""
    raise UserError(
        f"{_name(source)}: {NAMES[file_format]} has no feature {weight_feature} of row weights, "
        f"as only recordio-protobuf, CSV, Parquet and Arrow can{hint}"
    )


def _name(source: Source) -> str:
    return name_of(Path(source) if isinstance(source, str) else source)


def _array_rows(source: Source) -> RowBatch:
    if not isinstance(source, Path):
        raise UserError(f"{_name(source)}: NumPy files are not read from streams; name a file")
    if source.is_dir():
        raise DataError(f"{source}: a folder of NumPy files cannot be read; name one file")
    return read_array_file(source)


def _of_width(source: Source, rows: RowBatch, feature_dim: int | None) -> RowBatch:
    if feature_dim is not None and rows.feature_dim != feature_dim:
        raise DataError(
            f"{_name(source)}: rows are {rows.feature_dim} wide; feature_dim is {feature_dim}"
        )
    return rows


def _labelled(source: Source, rows: RowBatch, predictor_type: PredictorType | None) -> RowBatch:
    if rows.labels is None:
        raise DataError(
            f"{_name(source)}: rows have no labels; `pairloom convert --labels` adds them"
        )
    try:
        check_labels(rows.labels, predictor_type or "regressor")
    except DataError as error:
        raise DataError(f"{_name(source)}: {error}") from error
    return rows


def _with_table_labels(
    source: Source, rows: RowBatch, predictor_type: PredictorType | None
) -> RowBatch:
    if rows.labels is None:
        raise DataError(f"{_name(source)}: the table has no column of labels")
    if predictor_type != "binary_classifier":
        return rows
    return dataclasses.replace(rows, labels=zero_one_labels(rows.labels, _name(source)))
