"""Parts of shards cut into blocks of whole records, read one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from pairloom.data.parts import Part
from pairloom.data.segments import Place
from pairloom.data.sources.shard import ByteStream, Shard
from pairloom.errors import DataFormatError
from pairloom.formats.blocks import Block, BlockFormat, ByteBlock

_PREPARED_PARTS = 8
# The last record of a part is likely to end within so many bytes of the next.
_BEYOND_BYTES = 1 << 12
_MOST_SEARCHED_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block, the part that it is of, and where it begins in the epoch."""

    block: Block
    part: Part
    place: Place


class BlockReader:
    """Reads parts of shards in blocks.

    Parameters
    ----------
    block_format
        Of all shards.
    block_bytes
        Size of a block, unless a record is larger.
    stop_requested
        Asked while a shard that is not there yet is waited for.
    seams
        Of all readers of the same shards.
    """

    def __init__(
        self,
        block_format: BlockFormat,
        block_bytes: int,
        stop_requested: Callable[[], bool],
        seams: Seams,
    ) -> None:
        self._seams = seams
        self._format = block_format
        self._block_bytes = block_bytes
        self._stop_requested = stop_requested

    def blocks(self, parts: Sequence[Part], place: Place) -> Generator[PlacedBlock]:
        """Give the blocks of parts, from a place on.

        They depend on the shards' bytes, the parts, `block_bytes` and `place` alone.
        """
        for number in range(place.part, len(parts)):
            for following in parts[number + 1 : number + 1 + _PREPARED_PARTS]:
                following.shard.prepare(following.begin, following.end)
            part = parts[number]
            begin = Place(number, part.begin, 0 if part.begin == 0 else -1)
            if number == place.part and place.offset > part.begin:
                begin = place
            yield from self._blocks_of(part, begin)

    def count(self, block: Block) -> int:
        """Return how many records a block has."""
        return self._format.whole(block.content, sys.maxsize)[1]

    def _blocks_of(self, part: Part, begin: Place) -> Generator[PlacedBlock]:
        in_the_middle = begin.offset > 0 and begin.offset == part.begin
        # Text's lines begin behind the line feed of the line before.
        offset = begin.offset - (self._format.bytes_before if in_the_middle else 0)
        with part.shard.open(offset, self._stop_requested, part.end) as stream:
            held: ByteBlock = np.empty(0, np.uint8)
            if in_the_middle:
                offset, held = self._first_record(stream, offset)
                self._seams.begin(part, offset)
            for block in self._cut(_Bytes(stream, held), part, offset, begin.record):
                yield PlacedBlock(block, part, Place(begin.part, block.offset, block.record))
                offset = block.offset + len(block.content)
        self._seams.end(part, offset)

    def _first_record(self, stream: ByteStream, offset: int) -> tuple[int, ByteBlock]:
        """Return where the first record begins, and the bytes from there that were read."""
        read, size = _Bytes(stream, np.empty(0, np.uint8)), _BEYOND_BYTES
        while True:
            content, ended = read.first(size)
            first = self._format.first(content, ends=ended)
            if first >= 0:
                return offset + first, content[first:].copy()
            if ended or size > _MOST_SEARCHED_BYTES:
                return offset + len(content), np.empty(0, np.uint8)
            size *= 2

    def _cut(self, read: _Bytes, part: Part, offset: int, record: int) -> Generator[Block]:
        ended = False
        while not ended and offset < part.end:
            size = min(self._block_bytes, part.end - offset + _BEYOND_BYTES)
            content, ended = read.first(size)
            while (span := self._whole(content, part.end - offset, ended))[0] == 0 and not ended:
                size *= 2  # a record that is larger
                content, ended = read.first(size)
            num_bytes, num_records = span
            ended = ended and num_bytes == len(content)
            yield Block(part.shard.name, content[:num_bytes], offset, record, ends=ended)
            del content
            read.drop(num_bytes)
            offset += num_bytes
            record = -1 if record < 0 else record + num_records

    def _whole(self, content: ByteBlock, stop: int, ended: bool) -> tuple[int, int]:  # noqa: FBT001
        num_bytes, num_records = self._format.whole(content, stop)
        # What follows the last record is damage, which the parser tells.
        return (len(content) if ended and num_bytes < stop else num_bytes), num_records


class _Bytes:
    """What was read of a stream and not taken yet."""

    def __init__(self, stream: ByteStream, held: ByteBlock) -> None:
        self._stream = stream
        self._held = held
        self._ended = False

    def first(self, count: int) -> tuple[ByteBlock, bool]:
        """Return the first bytes, as many as there are up to `count`, and whether these are all."""
        if len(self._held) < count and not self._ended:
            self._fill(count)
        return self._held[:count], self._ended and len(self._held) <= count

    def drop(self, count: int) -> None:
        """Go on behind so many bytes."""
        self._held = self._held[count:].copy()

    def _fill(self, count: int) -> None:
        content: ByteBlock = np.empty(count, np.uint8)
        filled = len(self._held)
        content[:filled] = self._held
        while filled < count:
            more = self._stream.readinto(content[filled:].data)
            if not more:
                self._ended = True
                break
            filled += more
        self._held = content[:filled]


class TornSeamError(DataFormatError):
    """Raised where the records of neighbouring parts of a shard do not meet."""

    def __init__(self, message: str, shard: Shard) -> None:
        super().__init__(message)
        self.shard = shard


class Seams:
    """Where the records of neighbouring parts end and begin, which must be the same byte."""

    def __init__(self) -> None:
        self._begins: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}

    def begin(self, part: Part, offset: int) -> None:
        """Take in where the first record of a part begins.

        Raises
        ------
        DataFormatError
            The records before it end elsewhere.
        """
        self._begins[part.shard.name, part.begin] = offset
        self._check(part, part.begin)

    def end(self, part: Part, offset: int) -> None:
        """Take in where the last record of a part ends.

        Raises
        ------
        DataFormatError
            The records after it begin elsewhere.
        """
        self._ends[part.shard.name, part.end] = offset
        self._check(part, part.end)

    def _check(self, part: Part, seam: int) -> None:
        name = part.shard.name
        begin, end = self._begins.get((name, seam)), self._ends.get((name, seam))
        if begin is not None and end is not None and begin != end:
            raise TornSeamError(
                f"{name}: byte {end}: the records before end there, those after begin at byte "
                f"{begin}; expected one file of records",
                part.shard,
            )


def record_number(reader: BlockReader, part: Part, offset: int) -> int:
    """Count the records of a shard before one that begins at byte `offset`.

    Raises
    ------
    DataFormatError
        No record begins there: the shard is damaged before.
    """
    whole = Part(part.shard, 0, offset)
    end = number = 0
    for placed in reader.blocks([whole], Place(0, 0, 0)):
        block = placed.block
        num_records = reader.count(block)
        end, number = block.offset + len(block.content), number + num_records
    if end != offset:
        raise DataFormatError(f"{part.shard.name}: byte {offset}: no record begins there")
    return number
