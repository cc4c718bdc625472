"""Blocks of shards, parsed: what an epoch is made of that reads its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pairloom.data.parts import Part
from pairloom.data.segments import Place, Segment
from pairloom.data.shard_blocks import BlockReader, PlacedBlock, record_number
from pairloom.data.sources.shard import Shard
from pairloom.errors import DataFormatError
from pairloom.formats.blocks import BlockFormat, ParsedBlock
from pairloom.formats.packed_rows import Packed, pack


@dataclass(frozen=True, slots=True)
class MadeBlock:
    """Rows of a block, what to tell of it, and the rows packed if they are to be kept."""

    segment: Segment
    parsed: ParsedBlock
    part: Part
    packed: Packed | None = None

    @property
    def num_bytes(self) -> int:
        """Memory that it takes."""
        return self.segment.rows.num_bytes + (0 if self.packed is None else self.packed.num_bytes)


class BlockSource(Protocol):
    """Where the blocks of an epoch come from."""

    def jobs(self, parts: Sequence[Part], place: Place) -> Generator[Any]:
        """Give what `make` makes rows of, block after block, from a place on."""
        ...

    def make(self, job: Any) -> MadeBlock:
        """Return the rows of a block; may run on several threads at once."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class ParsedBlocks:
    """Makes rows of the blocks of shards.

    Parameters
    ----------
    reader
        Reads the blocks of an epoch.
    again
        Returns another reader of the same, for a second look at what is damaged.
    block_format
        Of all shards.

    Attributes
    ----------
    packs
        Whether the rows are packed too.
    """

    def __init__(
        self,
        reader: BlockReader,
        again: Callable[[], BlockReader],
        block_format: BlockFormat,
    ) -> None:
        self._reader = reader
        self._again = again
        self._format = block_format
        self.packs = False

    def jobs(self, parts: Sequence[Part], place: Place) -> Generator[PlacedBlock]:
        """Give the blocks to make rows of, from a place on."""
        yield from self._reader.blocks(parts, place)

    def make(self, placed: PlacedBlock) -> MadeBlock:
        """Return the rows of a block.

        Raises
        ------
        DataFormatError
            Its bytes do not follow their format; names shard and place.
        """
        block = placed.block
        try:
            parsed = self._format.parse(block)
        except DataFormatError:
            if block.record >= 0:
                raise
            number = record_number(self._again(), placed.part, block.offset)
            parsed = self._format.parse(dataclasses.replace(block, record=number))
        if block.record < 0:
            parsed = parsed.without_lines(block.name)
        rows, checked = parsed.rows, parsed.rows.checked()
        if checked.all_ones:  # so that they take the memory that a cache's rows take
            rows = dataclasses.replace(rows, values=None)
        segment = Segment(rows, checked, placed.place)
        packs = self.packs and rows.num_rows > 0
        packed = pack(segment.rows, segment.checked) if packs else None
        return MadeBlock(segment, parsed, placed.part, packed)

    def make_again(self, part: Part, place: Place) -> MadeBlock:
        """Return the rows of the block that begins at a place of a part."""
        (placed,) = _first(self._again().blocks([part], dataclasses.replace(place, part=0)))
        return self.make(dataclasses.replace(placed, place=place))

    def close(self) -> None:
        """Do nothing: the blocks' generator lets go of the shards."""

    def find_damage(self, shard: Shard) -> None:
        """Raise what is wrong with a shard, if it can be found by reading it from its beginning."""
        for placed in self._again().blocks([Part(shard)], Place(0, 0, 0)):
            self._format.parse(placed.block)


def _first(blocks: Generator[PlacedBlock]) -> list[PlacedBlock]:
    try:
        return [next(blocks)]
    finally:
        blocks.close()
