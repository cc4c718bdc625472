"""recordio-protobuf, SageMaker's training format: RecordIO frames of aialgs.data.Record."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import RecordioReader, encode_recordio
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.byte_files import ByteFile, Source, feed_all, list_files, names_of, size_of
from pairloom.formats.source_matrix import EncodeBlock, Rows, source_matrix, write_matrices

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]

_VALUES = "values"
_UNNAMED = "recordio-protobuf without a weight_feature"
_MAX_WIDTH = np.iinfo(np.int32).max


def read_recordio(  # noqa: PLR0913  each says something about the file
    source: Source | Sequence[Source],
    *,
    feature_dim: int | None = None,
    predictor_type: PredictorType | None = None,
    require_labels: bool = True,
    hash_bits: int | None = None,
    weight_feature: str | None = None,
    require_weights: bool = True,
) -> RowBatch:
    """Read recordio-protobuf files into one batch.

    Rows are dense when every record is, sparse otherwise. Memory grows by the arrays returned,
    one mebibyte and the largest record.

    Parameters
    ----------
    source
        A file, a folder of shards (read in sorted order), an open binary file, or a sequence of
        these, read in the order given.
    feature_dim
        Width that every record must have; when None, the first record's.
    predictor_type
        "binary_classifier" takes only the labels 0 and 1, anything else every finite label.
    require_labels
        Whether a record without a label is an error. If not, all records carry one or none.
    hash_bits
        Hash keys at or beyond 2^hash_bits, which becomes the width; records may have any. Equal
        ids of a row add up. `feature_dim` must then be left out.
    weight_feature
        Name of the entry in the features map that holds a row's weight, one number of at least
        0; when None, no such entry may be there.
    require_weights
        Whether a record without it is an error. If not, all records have one or none.

    Raises
    ------
    DataFormatError
        The bytes are no such file; names file, byte offset, record (the first is 0) and what
        was expected.
    DataError
        There is nothing to read, or `feature_dim` is out of range.
    """
    if feature_dim is not None and not 1 <= feature_dim <= _MAX_WIDTH:
        message = f"feature_dim {feature_dim}; expected 1 to {_MAX_WIDTH}"
        raise DataError(message)
    if hash_bits is not None and (feature_dim is not None or not 1 <= hash_bits <= 30):
        message = f"hash_bits {hash_bits}; expected 1 to 30, and no feature_dim beside it"
        raise DataError(message)
    _refuse_values(weight_feature)
    files = list_files(source)
    reader = RecordioReader(
        feature_dim=feature_dim or 0,
        require_labels=require_labels,
        binary_labels=predictor_type == "binary_classifier",
        expected_bytes=size_of(files),
        hash_bits=hash_bits or 0,
        weight_feature=weight_feature or "",
        require_weights=require_weights,
    )
    feed_all(reader, files)
    rows = reader.take()
    warn_of_unsorted(rows.pop("num_unsorted"))
    if rows["feature_dim"] == 0:
        raise no_record(files)
    return RowBatch(**rows)


def no_record(files: Sequence[ByteFile]) -> DataError:
    """Return the error for files without a record."""
    return DataError(f"no record in {names_of(files)}")


def warn_of_unsorted(num_unsorted: int) -> None:
    """Warn of records whose keys had to be sorted, if there were any."""
    if num_unsorted:
        message = f"the keys of {num_unsorted} records were not ascending and have been sorted"
        warnings.warn(message, UserWarning, stacklevel=3)


def write_recordio(
    target: str | Path | BinaryIO,
    rows: Rows,
    labels: npt.ArrayLike | None = None,
    *,
    weight_feature: str | None = None,
) -> None:
    """Write rows as recordio-protobuf, byte for byte as SageMaker's own writers do.

    float32, float64 and int64 become Float32, Float64 and Int32 tensors. Other dtypes are
    converted to the first of these that holds them, with a warning.

    Parameters
    ----------
    target
        Path of the file, which appears when it is complete, or an open binary file.
    rows
        A batch, a dense matrix, or a SciPy sparse matrix or array.
    labels
        One per row, or None. Those of a batch are taken from the batch.
    weight_feature
        Name under which the features map gets the weights of a batch, if it has any.

    Raises
    ------
    DataError
        A value that no reader would take: not finite, an integer beyond 32 bits, a feature id
        out of range or twice in a row, a weight below 0; or shapes that do not fit. Weights
        without a name for them.
    """
    _refuse_values(weight_feature)
    named = weight_feature is not None
    matrix = source_matrix(rows, labels, _UNNAMED, takes_weights=named)
    write_matrices(target, [matrix], _encoding(weight_feature))


def write_recordio_pieces(
    target: Path, pieces: Iterable[RowBatch], *, weight_feature: str | None = None
) -> None:
    """Write batches of one width and layout as `write_recordio` writes them joined to one."""
    _refuse_values(weight_feature)
    named = weight_feature is not None
    matrices = (source_matrix(rows, None, _UNNAMED, takes_weights=named) for rows in pieces)
    write_matrices(target, matrices, _encoding(weight_feature))


def _encoding(weight_feature: str | None) -> EncodeBlock:
    return partial(encode_recordio, weight_feature=weight_feature or "")


def _refuse_values(weight_feature: str | None) -> None:
    if weight_feature == _VALUES:
        message = f"weight_feature {_VALUES!r}; the values of the features have this name"
        raise DataError(message)
