"""recordio-protobuf, SageMaker's training format: RecordIO frames of aialgs.data.Record."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import RecordioEncoder, RecordioReader
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.complete_file import written_beside
from pairloom.formats.numbers import to_record_numbers
from pairloom.formats.shards import list_shards

PredictorType: TypeAlias = Literal["regressor", "binary_classifier"]
Source: TypeAlias = str | Path | BinaryIO

_MAX_WIDTH = np.iinfo(np.int32).max
_READ_BYTES = 1 << 20
_WRITE_BYTES = 4 << 20


class SparseMatrix(Protocol):
    """What is asked of a SciPy matrix or array."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def tocsr(self) -> Any: ...


def read_recordio(
    source: Source | Sequence[Source],
    *,
    feature_dim: int | None = None,
    predictor_type: PredictorType | None = None,
    require_labels: bool = True,
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
    files = _list_files(source)
    reader = RecordioReader(
        feature_dim=feature_dim or 0,
        require_labels=require_labels,
        binary_labels=predictor_type == "binary_classifier",
        expected_bytes=_size_of(files),
    )
    _feed_all(reader, files)
    rows = reader.finish()
    if rows["feature_dim"] == 0:
        message = f"no record in {', '.join(map(_name_of, files)) or 'an empty list of files'}"
        raise DataError(message)
    if num_unsorted := rows.pop("num_unsorted"):
        message = f"the keys of {num_unsorted} records were not ascending and have been sorted"
        warnings.warn(message, UserWarning, stacklevel=2)
    return RowBatch(**rows)


def write_recordio(
    target: str | Path | BinaryIO,
    rows: RowBatch | SparseMatrix | npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
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

    Raises
    ------
    DataError
        A value that no reader would take: not finite, an integer beyond 32 bits, a feature id
        out of range or twice in a row; or shapes that do not fit.
    """
    encoder = _encoder_of(rows, labels)
    if isinstance(target, (str, Path)):
        with written_beside(Path(target)) as path, path.open("wb") as file:
            _write_blocks(file, encoder)
    else:
        _write_blocks(target, encoder)


def _name_of(file: Path | BinaryIO) -> str:
    name = file if isinstance(file, Path) else getattr(file, "name", "<stream>")
    return str(name).encode("utf-8", "backslashreplace").decode()


def _list_files(sources: Source | Sequence[Source]) -> list[Path | BinaryIO]:
    if isinstance(sources, str) or not isinstance(sources, Sequence):
        sources = [sources]
    files: list[Path | BinaryIO] = []
    for source in sources:
        if isinstance(source, (str, Path)):
            files.extend(list_shards(Path(source)))
        else:
            files.append(source)
    return files


def _size_of(files: Sequence[Path | BinaryIO]) -> int:
    return sum(file.stat().st_size for file in files if isinstance(file, Path))


def _feed_all(reader: RecordioReader, files: Sequence[Path | BinaryIO]) -> None:
    buffer = np.empty(_READ_BYTES, np.uint8)
    for file in files:
        if isinstance(file, Path):
            with file.open("rb", buffering=0) as stream:
                _feed(reader, stream, _name_of(file), buffer)
        else:
            _feed(reader, file, _name_of(file), buffer)


def _feed(reader: RecordioReader, file: Any, name: str, buffer: npt.NDArray[np.uint8]) -> None:
    reader.begin_file(name)
    while count := file.readinto(buffer):
        reader.feed(buffer[:count])
    reader.end_file()


def _encoder_of(
    rows: RowBatch | SparseMatrix | npt.ArrayLike, labels: npt.ArrayLike | None
) -> RecordioEncoder:
    if isinstance(rows, RowBatch):
        return _encoder_of_batch(rows, labels)
    matrix = rows.tocsr() if hasattr(rows, "tocsr") else np.asarray(rows)
    num_rows, feature_dim = _checked_shape(matrix.shape)
    if labels is not None:
        labels = to_record_numbers(_checked_labels(labels, num_rows), "labels")
    if isinstance(matrix, np.ndarray):
        return RecordioEncoder(
            feature_dim=feature_dim,
            values=to_record_numbers(matrix, "values"),
            row_offsets=None,
            feature_ids=None,
            labels=labels,
        )
    return RecordioEncoder(
        feature_dim=feature_dim,
        values=to_record_numbers(matrix.data, "values"),
        row_offsets=np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        feature_ids=np.ascontiguousarray(matrix.indices),
        labels=labels,
    )


def _encoder_of_batch(batch: RowBatch, labels: npt.ArrayLike | None) -> RecordioEncoder:
    if labels is not None:
        message = "labels given beside a batch; expected them inside it"
        raise DataError(message)
    if batch.weights is not None:
        message = "row weights; recordio-protobuf has no place for them"
        raise DataError(message)
    values = batch.values
    if values is None:
        values = np.ones(0 if batch.feature_ids is None else len(batch.feature_ids), np.float32)
    return RecordioEncoder(
        feature_dim=batch.feature_dim,
        values=values,
        row_offsets=batch.row_offsets,
        feature_ids=batch.feature_ids,
        labels=batch.labels,
    )


def _checked_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2 or shape[1] == 0:
        message = f"rows of shape {shape}; expected a matrix of one column or more"
        raise DataError(message)
    return shape[0], shape[1]


def _checked_labels(labels: npt.ArrayLike, num_rows: int) -> npt.NDArray[Any]:
    array = np.asarray(labels)
    if array.shape != (num_rows,):
        message = f"labels of shape {array.shape}; expected ({num_rows},), one per row"
        raise DataError(message)
    return array


def _write_blocks(file: BinaryIO, encoder: RecordioEncoder) -> None:
    while len(block := encoder.next_block(_WRITE_BYTES)):
        file.write(block)
