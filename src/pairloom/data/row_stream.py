"""Rows of files that need not fit in memory."""

from __future__ import annotations

import dataclasses
import logging
import warnings
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from pairloom.data.block_cache import BlockCache
from pairloom.data.cached_blocks import KeptBlocks, WantedBlocks, epoch_blocks
from pairloom.data.fifo_rows import WAIT_SECONDS
from pairloom.data.file_options import FileOptions
from pairloom.data.parsed_blocks import MadeBlock, ParsedBlocks
from pairloom.data.parts import deal_shards, shuffled_parts, whole_shards
from pairloom.data.prefetch import Prefetch
from pairloom.data.seen_blocks import SeenBlocks
from pairloom.data.segments import Place, Segment, Shuffle
from pairloom.data.shard_blocks import BlockReader, Seams, TornSeamError
from pairloom.data.sources.listing import format_of_source, list_source
from pairloom.data.sources.shard import FifoShard, Shard
from pairloom.data.stream_formats import block_format, stream_encoding
from pairloom.data.stream_memory import (
    DEFAULT_MAX_MEMORY_BYTES,
    LEAST_MAX_MEMORY_BYTES,
    StreamMemory,
)
from pairloom.data.windows import shuffled_windows
from pairloom.errors import DataError, UserError
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.recordio import PredictorType
from pairloom.runtime import allowed_threads

logger = logging.getLogger(__name__)

_BEGIN = Place(0, 0, 0)
# Reading and parsing take a fraction of the time of training on the rows.
_THREADS_FOR_ONE_THAT_READS = 4


class RowStream:
    """Labelled rows of shards, read anew in every epoch and never all in memory.

    Training on them, in the order of the shards, gives the bytes of training on the same rows in
    memory. Shards are recordio-protobuf or libsvm text, compressed or not.

    Parameters
    ----------
    shards
        In the order in which they are read; a function returns those of each epoch.
    feature_dim
        Width that all rows must have; None: the first record's of recordio-protobuf.
    predictor_type
        Which the labels must suit.
    options
        How the shards are read. Their format must be told, and for libsvm text whether feature
        ids count from 0.
    encoding
        Of the model that training starts from, or what is known before.
    max_memory_bytes
        What bytes that were read, rows that were parsed from them and rows in training take
        together at most, unless one record or one mini-batch is larger. The model, its
        optimizer's state and the work on one mini-batch come on top.
    num_threads
        Threads that read and parse; 0: a fourth of those the process may run, at least one.
    stop_requested
        Asked while rows are waited for; once it returns true, RowsInterruptedError is raised.
    name
        What messages call the shards where each epoch has others.
    cache_folder
        Where the first whole epoch keeps its rows packed for those after it, which then read
        these instead of the shards; None: nowhere. A cache of shards that have changed, of other
        settings, or one that is damaged, is made anew.

    Raises
    ------
    UserError
        The format cannot be streamed, something must be told, or the rows are others in each epoch
        and cannot be cached; names it.
    """

    def __init__(  # noqa: PLR0913  each says something about the rows
        self,
        shards: Sequence[Shard] | Callable[[int], Sequence[Shard]],
        *,
        feature_dim: int | None,
        predictor_type: PredictorType,
        options: FileOptions,
        encoding: FeatureEncoding | None = None,
        max_memory_bytes: int = DEFAULT_MAX_MEMORY_BYTES,
        num_threads: int = 0,
        stop_requested: Callable[[], bool] = lambda: False,
        name: str = "the stream",
        cache_folder: Path | None = None,
    ) -> None:
        self._shards_of = shards if callable(shards) else lambda _: shards
        self._same_shards = not callable(shards)
        self._name = name if callable(shards) else _name_of(shards)
        self._memory = StreamMemory(max_memory_bytes)
        self._stop_requested = stop_requested
        self._seams = Seams()
        self._reading: dict[str, Any] = {
            "predictor_type": predictor_type,
            "options": options,
            "encoding": encoding,
            "cache_folder": cache_folder,
        }
        self.num_threads = num_threads or max(1, allowed_threads() // _THREADS_FOR_ONE_THAT_READS)
        self.encoding = stream_encoding(encoding or FeatureEncoding(), options, self._name)
        if self.encoding.hash_bits is not None:
            feature_dim = 1 << self.encoding.hash_bits
        self._format = block_format(self._name, options, self.encoding, feature_dim, predictor_type)
        self._cache = self._cache_below(cache_folder)
        self.feature_dim = feature_dim or self._first_width()
        self._told: set[str] = set()

    @classmethod
    def of(
        cls,
        source: str | Path,
        *,
        options: FileOptions,
        max_memory_bytes: int = DEFAULT_MAX_MEMORY_BYTES,
        **settings: Any,
    ) -> RowStream:
        """Return the rows of a file, a folder of shards or objects; their format may be untold.

        Objects are those of `s3://bucket/name`, or below it as below a folder. Other parameters
        are as of the class.

        Raises
        ------
        DataError
            There is no data.
        UserError
            The format cannot be streamed, or something must be told; names it.
        """
        path, memory = Path(source), StreamMemory(max_memory_bytes)
        shards = list_source(source, memory.read_ahead_bytes)
        if options.format is None:
            options = dataclasses.replace(options, format=format_of_source(source, shards))
        return cls(
            _read_once(path) if path.is_fifo() else shards,
            options=options,
            max_memory_bytes=max_memory_bytes,
            name=str(source),
            **settings,
        )

    def fingerprint(self, *, shuffled: bool) -> str:
        """Say which shards these are, by their sizes and a look at their bytes.

        The order of shuffled rows depends on the buffer, which is then named too.
        """
        if not self._same_shards:
            return "streamed, asked for in each epoch"
        checksum, shards = 0, self._shards_of(0)
        for shard in shards:
            checksum = zlib.crc32(shard.version().encode(), checksum)
        told = f"streamed from {len(shards)} shards of checksum {checksum:08x}"
        if not shuffled:
            return told
        return f"{told}, shuffled with max_memory_bytes {self._memory.max_memory_bytes}"

    def dealt(self, count: int, *, replicated: bool) -> list[RowStream | None]:
        """Deal the shards out to so many streams, which share the bound on memory.

        None stands for a stream without shards. `replicated` gives all shards to each, from
        another one on.

        Raises
        ------
        UserError
            Each epoch has other shards.
        """
        if not self._same_shards:
            raise UserError(f"{self._name}: rows that are read once cannot be dealt out to workers")
        shards = self._shards_of(0)
        if replicated:
            begins = [len(shards) * rank // count for rank in range(count)]
            hands = [[*shards[begin:], *shards[:begin]] for begin in begins]
        else:
            hands = deal_shards(shards, count)
        return [self._of_shards(hand, count) if hand else None for hand in hands]

    def _of_shards(self, shards: Sequence[Shard], count: int) -> RowStream:
        share = self._memory.max_memory_bytes // count
        return RowStream(
            shards,
            feature_dim=self.feature_dim,
            max_memory_bytes=max(LEAST_MAX_MEMORY_BYTES, share),
            **self._reading,
        )

    def segments(
        self,
        epoch: int,
        *,
        shuffle: Shuffle | None = None,
        place: Place | None = None,
    ) -> Generator[Segment]:
        """Give the segments of an epoch, from a place on.

        Raises
        ------
        DataFormatError
            A shard's bytes do not follow their format; names shard and place.
        RowsInterruptedError
            Asked to stop before the end.
        """
        shards, memory = self._shards_of(epoch), self._memory
        cut = f"blocks of {memory.block_bytes}"
        if shuffle is None:
            parts, most_bytes = whole_shards(shards), memory.in_flight_bytes
            job_bytes = memory.block_bytes
        else:
            parts = shuffled_parts(shards, memory.part_bytes, shuffle)
            most_bytes = memory.window_bytes
            small = all(part.is_smaller(memory.part_bytes) for part in parts)
            job_bytes = memory.part_bytes if small else memory.block_bytes
            cut = f"parts of {memory.part_bytes}, {cut}"
        closed = Event()
        parsed = ParsedBlocks(
            self._reader(lambda: closed.is_set() or self._stop_requested()),
            lambda: self._reader(self._stop_requested),
            self._format,
        )
        wanted = WantedBlocks(shards, parts, place or _BEGIN, cut)
        blocks, kept = epoch_blocks(self._cache, wanted, parsed)
        with closing(blocks), closing(kept):
            prefetch = Prefetch(
                blocks.jobs(parts, wanted.place),
                blocks.make,
                num_bytes=lambda made: made.num_bytes,
                job_bytes=job_bytes,
                most_bytes=most_bytes,
                num_threads=self.num_threads,
                stop_requested=self._stop_requested,
            )
            with closing(prefetch):
                try:
                    segments = self._in_turn(prefetch, kept)
                    if shuffle is not None:
                        segments = shuffled_windows(segments, memory.window_bytes, shuffle)
                    yield from segments
                except TornSeamError as error:
                    parsed.find_damage(error.shard)
                    raise
                finally:
                    closed.set()

    def _reader(self, stop_requested: Callable[[], bool]) -> BlockReader:
        return BlockReader(self._format, self._memory.block_bytes, stop_requested, self._seams)

    def _in_turn(self, made: Iterator[MadeBlock], kept: KeptBlocks) -> Iterator[Segment]:
        seen = SeenBlocks(self._name)
        num_rows = 0
        while (item := next(made, None)) is not None:
            seen.take_in(item.parsed)
            kept.add(item)
            segment = item.segment
            del item
            num_rows += segment.rows.num_rows
            if segment.rows.num_rows:
                yield segment
            del segment
        kept.finish()
        if num_rows == 0:
            raise DataError(f"no record in {self._name}")
        self._tell_once(seen)

    def _tell_once(self, seen: SeenBlocks) -> None:
        if seen.num_unsorted and "unsorted" not in self._told:
            message = (
                f"the keys of {seen.num_unsorted} records were not ascending and have been sorted"
            )
            warnings.warn(message, UserWarning, stacklevel=2)
            self._told.add("unsorted")
        if seen.num_queries and "queries" not in self._told:
            logger.info("%s: the qid of %d lines is passed over", self._name, seen.num_queries)
            self._told.add("queries")
        if seen.minus_one_label_place and "labels" not in self._told:
            logger.info("%s: labels -1 and 1 are taken as 0 and 1", self._name)
            self._told.add("labels")

    def _cache_below(self, folder: Path | None) -> BlockCache | None:
        if folder is None:
            return None
        if not self._same_shards:
            raise UserError(f"{self._name}: rows that are read anew in each epoch cannot be cached")
        return BlockCache(folder, self._name, repr(self._format))

    def _first_width(self) -> int:
        """Return the width of the first record; errors in what else is read are not looked at."""
        if not self._same_shards:
            raise UserError(f"{self._name}: feature_dim must be told before rows come")
        parts = whole_shards(self._shards_of(0))
        for placed in self._reader(self._stop_requested).blocks(parts, _BEGIN):
            block = placed.block
            num_bytes, _ = self._format.whole(block.content, 1)
            first = dataclasses.replace(
                block, content=block.content[:num_bytes], ends=block.ends and not num_bytes
            )
            parsed = self._format.parse(first)
            if parsed.rows.num_rows:
                return parsed.rows.feature_dim
        raise DataError(f"no record in {self._name}")


def _read_once(fifo: Path) -> Callable[[int], list[Shard]]:
    def shards_of(epoch: int) -> list[Shard]:
        if epoch > 0:
            raise DataError(f"{fifo}: a fifo can be read once; epochs must be 1")
        return [FifoShard(fifo, WAIT_SECONDS)]

    return shards_of


def _name_of(shards: Sequence[Shard]) -> str:
    if not shards:
        raise DataError("no shards to read rows from")
    first = shards[0].name
    return first if len(shards) == 1 else f"{first} and {len(shards) - 1} more"
