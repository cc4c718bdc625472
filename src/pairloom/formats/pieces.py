"""Files of records in pieces: some of their rows at a time, read as all of them at once are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pairloom._core import LibsvmReader, RecordioReader
from pairloom.batch import RowBatch
from pairloom.formats.byte_files import ByteFile, feed_pieces
from pairloom.formats.libsvm import FACTS


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows, side by side, and what to tell of them.

    Attributes
    ----------
    rows
        Of the width that is known by now; sparse from the first sparse record on.
    num_unsorted
        Records whose keys had to be sorted.
    num_queries
        Lines with a qid, which was passed over.
    zero_based
        Whether ids of text count from 0, by all lines so far.
    """

    rows: RowBatch
    num_unsorted: int = 0
    num_queries: int = 0
    zero_based: bool = False


def recordio_pieces(
    files: Sequence[ByteFile], *, weight_feature: str | None = None, hash_bits: int | None = None
) -> Iterator[Piece]:
    """Read recordio-protobuf; all records or none carry labels, and weights."""
    reader = RecordioReader(
        feature_dim=0,
        require_labels=False,
        binary_labels=False,
        expected_bytes=0,
        hash_bits=hash_bits or 0,
        weight_feature=weight_feature or "",
        require_weights=False,
    )
    for _ in feed_pieces(reader, files):
        rows = reader.take()
        num_unsorted = rows.pop("num_unsorted")
        batch = RowBatch(**rows)
        if batch.num_rows:
            yield Piece(batch, num_unsorted=num_unsorted)


def libsvm_pieces(
    files: Sequence[ByteFile], *, feature_dim: int | None, zero_based: bool | None
) -> Iterator[Piece]:
    """Read libsvm text; all lines or none carry labels. None: what the lines so far tell."""
    reader = LibsvmReader(
        feature_dim=feature_dim or 0,
        zero_based=zero_based,
        require_labels=False,
        binary_labels=False,
        expected_bytes=0,
    )
    for _ in feed_pieces(reader, files):
        rows = reader.take()
        facts = {name: rows.pop(name) for name in FACTS}
        batch = RowBatch(**rows)
        if batch.num_rows:
            yield Piece(batch, num_queries=facts["num_queries"], zero_based=facts["zero_based"])
