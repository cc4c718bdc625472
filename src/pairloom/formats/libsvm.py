"""libsvm text, also called svmlight: a line per row, `label id:value id:value ...`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import LibsvmReader, SourceMatrix, encode_libsvm
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.formats.byte_files import ByteFile, Source, feed_all, list_files, names_of, size_of
from pairloom.formats.recordio import PredictorType
from pairloom.formats.source_matrix import EncodeBlock, Rows, source_matrix, write_matrices

ZeroBased: TypeAlias = bool | Literal["auto"]

# What the core's reader tells of the text beside its rows.
FACTS = (
    "zero_based",
    "mapped_labels",
    "num_queries",
    "zero_label_place",
    "minus_one_label_place",
)
_NAME = "libsvm text"
MAX_WIDTH = np.iinfo(np.int64).max

logger = logging.getLogger(__name__)


def read_libsvm(
    source: Source | Sequence[Source],
    *,
    feature_dim: int | None = None,
    zero_based: ZeroBased = "auto",
    predictor_type: PredictorType | None = None,
    require_labels: bool = True,
) -> RowBatch:
    """Read libsvm text into one sparse batch.

    Lines are `label [qid:n] id:value ... [# comment]`, ids ascending. Values are the float32
    nearest to what is written. Blank lines and comments are passed over, and so is `qid`.

    Parameters
    ----------
    source
        A file, a folder of shards (read in sorted order), an open binary file, or a sequence of
        these, read in the order given.
    feature_dim
        Width that every id must respect; when None, what the largest id needs.
    zero_based
        Whether ids count from 0. "auto" takes them to when any id of `source` is 0, otherwise
        to count from 1, and logs which. Files that belong together may differ by that rule: say
        which where the first id may be missing.
    predictor_type
        "binary_classifier" takes only the labels 0 and 1, or only -1 and 1; then -1 becomes 0.
        Anything else takes every finite label.
    require_labels
        Whether a line without a label is an error. If not, all lines carry one or none.

    Raises
    ------
    DataFormatError
        The text is no such file; names file, line, column (the first are 1) and what was
        expected.
    DataError
        There is nothing to read, or `feature_dim` is out of range.
    """
    rows, _ = read_libsvm_and_base(
        source,
        feature_dim=feature_dim,
        zero_based=zero_based,
        predictor_type=predictor_type,
        require_labels=require_labels,
    )
    return rows


def read_libsvm_and_base(
    source: Source | Sequence[Source],
    *,
    feature_dim: int | None,
    zero_based: ZeroBased,
    predictor_type: PredictorType | None,
    require_labels: bool,
) -> tuple[RowBatch, bool]:
    """Read as `read_libsvm` does; return also whether ids counted from 0."""
    if feature_dim is not None and not 1 <= feature_dim <= MAX_WIDTH:
        raise DataError(f"feature_dim {feature_dim}; expected 1 to {MAX_WIDTH}")
    files = list_files(source)
    reader = LibsvmReader(
        feature_dim=feature_dim or 0,
        zero_based=None if zero_based == "auto" else zero_based,
        require_labels=require_labels,
        binary_labels=predictor_type == "binary_classifier",
        expected_bytes=size_of(files),
    )
    feed_all(reader, files)
    rows = reader.take()
    facts = {name: rows.pop(name) for name in FACTS}
    batch = RowBatch(**rows)
    refuse_no_feature(files, batch.num_rows, batch.feature_dim)
    if zero_based == "auto":
        tell_first_id(files, zero_based=facts["zero_based"])
    if facts["mapped_labels"]:
        logger.info("%s: labels -1 and 1 are taken as 0 and 1", names_of(files))
    tell_queries(files, facts["num_queries"])
    return batch, facts["zero_based"]


def refuse_no_feature(files: Sequence[ByteFile], num_rows: int, feature_dim: int) -> None:
    """Raise DataError for files without a row, or whose rows have no feature."""
    if num_rows == 0 or feature_dim == 0:
        what = "feature, so that the width must be given" if num_rows else "row"
        raise DataError(f"no {what} in {names_of(files)}")


def tell_first_id(files: Sequence[ByteFile], *, zero_based: bool) -> None:
    """Log where feature ids were found to count from."""
    logger.info("%s: feature ids count from %d", names_of(files), not zero_based)


def tell_queries(files: Sequence[ByteFile], num_queries: int) -> None:
    """Log on how many lines a qid stands, if on any."""
    if num_queries:
        logger.info("%s: the qid of %d lines is passed over", names_of(files), num_queries)


def write_libsvm(
    target: str | Path | BinaryIO,
    rows: Rows,
    labels: npt.ArrayLike | None = None,
    *,
    zero_based: bool = False,
) -> None:
    """Write rows as libsvm text, which reads back exactly.

    Every number takes the fewest digits that read back as itself in its own type: float32,
    float64 or int64. Dense rows lose their zeros; sparse rows keep stored ones.

    Parameters
    ----------
    target
        Path of the file, which appears when it is complete, or an open binary file.
    rows
        A batch, a dense matrix, or a SciPy sparse matrix or array.
    labels
        One per row. Those of a batch are taken from the batch.
    zero_based
        Whether ids count from 0; most programs take them to count from 1.

    Raises
    ------
    DataError
        A row without a label, or a value that no reader would take: not finite, a feature id out
        of range or twice in a row; or shapes that do not fit.
    """
    write_matrices(target, [source_matrix(rows, labels, _NAME)], _encoding(zero_based=zero_based))


def write_libsvm_pieces(target: Path, pieces: Iterable[RowBatch]) -> None:
    """Write batches as `write_libsvm` writes them joined to one."""
    matrices = (source_matrix(rows, None, _NAME) for rows in pieces)
    write_matrices(target, matrices, _encoding(zero_based=False))


def _encoding(*, zero_based: bool) -> EncodeBlock:
    def encode(matrix: SourceMatrix, row: int, block_bytes: int) -> tuple[int, memoryview]:
        return encode_libsvm(matrix, zero_based, row, block_bytes)

    return encode
