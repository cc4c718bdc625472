"""An epoch's blocks into a cache, and a later epoch's out of it."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple

from pairloom.data.block_cache import BlockCache
from pairloom.data.cache_file import CachedBlock, CacheReader, CacheWriter
from pairloom.data.parsed_blocks import BlockSource, MadeBlock, ParsedBlocks
from pairloom.data.parts import Part
from pairloom.data.segments import Place, Segment
from pairloom.data.sources.shard import Shard
from pairloom.errors import DataError, DataFormatError
from pairloom.formats.blocks import ParsedBlock
from pairloom.formats.packed_rows import unpack

logger = logging.getLogger(__name__)

_BEGIN = Place(0, 0, 0)
_FACTS = [field.name for field in dataclasses.fields(ParsedBlock) if field.name != "rows"]


class WantedBlocks(NamedTuple):
    """What an epoch asks for: parts of shards from a place on, and how they are cut."""

    shards: Sequence[Shard]
    parts: Sequence[Part]
    place: Place
    cut: str


def epoch_blocks(
    cache: BlockCache | None, wanted: WantedBlocks, parsed: ParsedBlocks
) -> tuple[BlockSource, KeptBlocks]:
    """Return where the blocks of an epoch come from, and where they are kept.

    They come out of the cache when it has them all, and go into it when it has none and all come.
    """
    nowhere = KeptBlocks(None, {})
    if cache is None:
        return parsed, nowhere
    numbers = {shard.name: number for number, shard in enumerate(wanted.shards)}
    reader = cache.open(wanted.shards, wanted.cut)
    if reader is not None:
        cached = CachedBlocks(reader, numbers, parsed)
        if cached.begins_at(wanted.parts, wanted.place):
            return cached, nowhere
        cached.close()
        return parsed, nowhere
    if wanted.place != _BEGIN:
        return parsed, nowhere
    writer = cache.begin(wanted.shards, wanted.cut)
    parsed.packs = writer is not None
    return parsed, KeptBlocks(writer, numbers)


class KeptBlocks:
    """Writes what is made of an epoch's blocks into a cache, as long as there is room.

    Parameters
    ----------
    writer
        Of the cache; None: nothing is kept.
    shards
        The epoch's, numbered by name as the cache numbers them.
    """

    def __init__(self, writer: CacheWriter | None, shards: Mapping[str, int]) -> None:
        self._writer = writer
        self._shards = shards

    def add(self, made: MadeBlock) -> None:
        """Keep the next block's rows."""
        if self._writer is None or made.packed is None:
            return
        facts = {name: value for name in _FACTS if (value := getattr(made.parsed, name))}
        shard, place = self._shards[made.part.shard.name], made.segment.place
        block = CachedBlock(shard, made.part.begin, place.offset, place.record, facts)
        try:
            self._writer.append(block, made.packed)
        except OSError as error:
            self._give_up(error)

    def finish(self) -> None:
        """Make the cache complete: the epoch has ended."""
        if self._writer is not None:
            try:
                self._writer.finish()
            except OSError as error:
                self._give_up(error)
            self._writer = None

    def close(self) -> None:
        """Take away a cache that is not complete."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def _give_up(self, error: OSError) -> None:
        logger.warning(
            "%s: %s; training goes on without a cache", error.filename or "cache", error.strerror
        )
        self.close()


class CachedJob(NamedTuple):
    """A block to read, and where it begins in the epoch."""

    number: int
    part: Part
    place: Place


class CachedBlocks:
    """Makes rows of the blocks of a cache.

    Parameters
    ----------
    reader
        Of the cache of these shards.
    shards
        The epoch's, numbered by name as the cache numbers them.
    parsed
        Reads from the shards what is damaged in the cache.
    """

    def __init__(
        self, reader: CacheReader, shards: Mapping[str, int], parsed: ParsedBlocks
    ) -> None:
        self._reader = reader
        self._parsed = parsed
        self._shards = shards
        self._blocks = reader.blocks
        self._of_part: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, block in enumerate(self._blocks):
            self._of_part[block.shard, block.part_begin].append(number)
        self.is_damaged = False

    def begins_at(self, parts: Sequence[Part], place: Place) -> bool:
        """Say whether a block begins at a place, or a part."""
        if place == _BEGIN:
            return True
        part = parts[place.part]
        begins = (self._blocks[number].offset for number in self._numbers(part))
        return place.offset == part.begin or place.offset in begins

    def jobs(self, parts: Sequence[Part], place: Place) -> Generator[CachedJob]:
        """Give the blocks to make rows of, from a place on."""
        for of_epoch in range(place.part, len(parts)):
            part = parts[of_epoch]
            for number in self._numbers(part):
                block = self._blocks[number]
                if of_epoch > place.part or block.offset >= place.offset:
                    yield CachedJob(number, part, Place(of_epoch, block.offset, block.record))

    def make(self, job: CachedJob) -> MadeBlock:
        """Return the rows of a block, from its shard if the cache's are damaged."""
        try:
            rows = unpack(self._reader.read(job.number))
            segment = Segment(rows, rows.checked(), job.place)
        except (DataError, DataFormatError, OSError) as error:
            if not self.is_damaged:
                logger.warning("%s; the cache is made anew in the next epoch", error)
            self.is_damaged = True
            return self._parsed.make_again(job.part, job.place)
        parsed = ParsedBlock(rows, **self._blocks[job.number].facts)
        return MadeBlock(segment, parsed, job.part)

    def close(self) -> None:
        """Let go of the cache; take it away if it was damaged."""
        self._reader.close()
        if self.is_damaged:
            self._reader.path.unlink(missing_ok=True)

    def _numbers(self, part: Part) -> list[int]:
        return self._of_part.get((self._shards[part.shard.name], part.begin), [])
