"""Blocks of whole records: files read a few megabytes at a time, by several threads at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import (
    LibsvmReader,
    RecordioReader,
    first_record,
    whole_lines,
    whole_records,
)
from pairloom.batch import RowBatch
from pairloom.formats.libsvm import FACTS, MAX_WIDTH
from pairloom.formats.recordio import PredictorType
from pairloom.formats.table_encoding import hash_batch

ByteBlock: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records of one file, side by side.

    Attributes
    ----------
    name
        What messages call the file.
    content
        The records' bytes.
    offset
        Of the first byte in the file.
    record
        Number of the first record: of recordio-protobuf, or the line of text; the first is 0.
        -1: nobody counted.
    ends
        Whether the file ends here; what is left of a record is then damage.
    """

    name: str
    content: ByteBlock
    offset: int
    record: int
    ends: bool


@dataclass(frozen=True, slots=True)
class ParsedBlock:
    """The rows of a block, and what to tell of it.

    Attributes
    ----------
    num_unsorted
        Records whose keys had to be sorted.
    num_queries
        Lines with a qid, which was passed over.
    zero_label_place, minus_one_label_place
        Where a binary classifier's first label 0, and first -1, stands in text; "" without one.
    """

    rows: RowBatch
    num_unsorted: int = 0
    num_queries: int = 0
    zero_label_place: str = ""
    minus_one_label_place: str = ""

    def without_lines(self, name: str) -> ParsedBlock:
        """Return it for a block whose lines nobody counted: the file is named alone."""
        return replace(
            self,
            zero_label_place=self.zero_label_place and f"{name}: ",
            minus_one_label_place=self.minus_one_label_place and f"{name}: ",
        )


class BlockFormat(Protocol):
    """A format that can be cut between any two records.

    Attributes
    ----------
    bytes_before
        How many bytes before a record tell that it begins there.
    """

    @property
    def bytes_before(self) -> int: ...

    def first(self, content: ByteBlock, *, ends: bool) -> int:
        """Return where the first record begins in bytes from the middle; -1 when none is found.

        `ends` says whether the file ends with them.
        """
        ...

    def whole(self, content: ByteBlock, stop: int) -> tuple[int, int]:
        """Return how many bytes and records are whole of those that begin before byte `stop`."""
        ...

    def parse(self, block: Block) -> ParsedBlock:
        """Return the rows of a block; none when it is empty."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordioBlocks:
    """recordio-protobuf in blocks; arguments as of `read_recordio`. Width 0: the first record's."""

    feature_dim: int
    predictor_type: PredictorType
    hash_bits: int | None = None
    weight_feature: str | None = None
    require_weights: bool = True
    bytes_before: ClassVar[int] = 0

    def first(self, content: ByteBlock, *, ends: bool) -> int:
        """Return where the first record begins; `content` begins at a multiple of four."""
        return first_record(content, ends)

    def whole(self, content: ByteBlock, stop: int) -> tuple[int, int]:
        """Return how many bytes and records are whole of those that begin before byte `stop`."""
        return whole_records(content, stop)

    def parse(self, block: Block) -> ParsedBlock:
        """Return the rows of a block; none when it is empty."""
        reader = RecordioReader(
            feature_dim=0 if self.hash_bits is not None else self.feature_dim,
            require_labels=True,
            binary_labels=self.predictor_type == "binary_classifier",
            expected_bytes=len(block.content),
            hash_bits=self.hash_bits or 0,
            weight_feature=self.weight_feature or "",
            require_weights=self.require_weights,
        )
        reader.begin_file(block.name, block.offset, max(0, block.record))
        rows = _read_block(reader, block)
        num_unsorted = rows.pop("num_unsorted")
        return ParsedBlock(RowBatch(**rows), num_unsorted=num_unsorted)


@dataclass(frozen=True, slots=True, kw_only=True)
class LibsvmBlocks:
    """libsvm text in blocks; arguments as of `read_libsvm`."""

    feature_dim: int
    predictor_type: PredictorType
    zero_based: bool
    hash_bits: int | None = None
    bytes_before: ClassVar[int] = 1

    def first(self, content: ByteBlock, *, ends: bool) -> int:  # noqa: ARG002
        """Return where the first line begins that does so behind a line feed."""
        line_feeds = np.flatnonzero(content == ord("\n"))
        return int(line_feeds[0]) + 1 if len(line_feeds) else -1

    def whole(self, content: ByteBlock, stop: int) -> tuple[int, int]:
        """Return how many bytes and lines are whole of those that begin before byte `stop`."""
        return whole_lines(content, stop)

    def parse(self, block: Block) -> ParsedBlock:
        """Return the rows of a block; none when it is empty."""
        reader = LibsvmReader(
            feature_dim=self.feature_dim if self.hash_bits is None else MAX_WIDTH,
            zero_based=self.zero_based,
            require_labels=True,
            binary_labels=self.predictor_type == "binary_classifier",
            expected_bytes=len(block.content),
        )
        reader.begin_file(block.name, max(0, block.record))
        rows = _read_block(reader, block)
        facts = {name: rows.pop(name) for name in FACTS}
        told = {name: facts[name] for name in _TOLD}
        batch = RowBatch(**rows)
        if self.hash_bits is not None:
            batch = hash_batch(batch, self.hash_bits)
        return ParsedBlock(batch, **told)


_TOLD = ("num_queries", "zero_label_place", "minus_one_label_place")


def _read_block(reader: RecordioReader | LibsvmReader, block: Block) -> dict[str, Any]:
    reader.feed(block.content)
    if block.ends:
        reader.end_file()
    return reader.take()
