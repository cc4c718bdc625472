"""The parts of shards that an epoch reads, one after the other: whole shards, or pieces of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pairloom._core import shuffled_rows
from pairloom.data.segments import Shuffle
from pairloom.data.sources.shard import Shard
from pairloom.formats.compression import without_suffix


@dataclass(frozen=True, slots=True)
class Part:
    """The records of a shard that begin at or after byte `begin` and before byte `end`."""

    shard: Shard
    begin: int = 0
    end: int = sys.maxsize

    def is_smaller(self, num_bytes: int) -> bool:
        """Say whether it surely has about as many bytes at most; who knows what is compressed."""
        if self.begin > 0 or self.end < sys.maxsize:
            return True
        path = Path(self.shard.name)
        return 0 < self.shard.num_bytes <= num_bytes and without_suffix(path) == path


def whole_shards(shards: Sequence[Shard]) -> list[Part]:
    """Return one part for each shard, in their order."""
    return [Part(shard) for shard in shards]


def deal_shards(shards: Sequence[Shard], count: int) -> list[list[Shard]]:
    """Give each shard, in order, to who has the fewest bytes by then."""
    hands: list[list[Shard]] = [[] for _ in range(count)]
    num_bytes = [0] * count
    for shard in shards:
        least = num_bytes.index(min(num_bytes))
        hands[least].append(shard)
        num_bytes[least] += max(shard.num_bytes, 1)
    return hands


def shuffled_parts(shards: Sequence[Shard], part_bytes: int, shuffle: Shuffle) -> list[Part]:
    """Return parts of about `part_bytes` in the order of an epoch.

    Shards that cannot be read from the middle, as compressed ones, are one part each.
    """
    parts = [part for shard in shards for part in _parts_of(shard, part_bytes)]
    order = shuffled_rows(shuffle.seed, shuffle.epoch, len(parts))
    return [parts[place] for place in order]


def _parts_of(shard: Shard, part_bytes: int) -> list[Part]:
    count = -(-shard.num_bytes // part_bytes)
    if count < 2 or not shard.splits():
        return [Part(shard)]
    # Frames of recordio-protobuf begin at multiples of four.
    begins = [4 * (shard.num_bytes * place // count // 4) for place in range(count)]
    return [
        Part(shard, begin, end)
        for begin, end in zip(begins, [*begins[1:], sys.maxsize], strict=True)
    ]
