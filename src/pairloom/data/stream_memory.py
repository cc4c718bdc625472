"""How a bound on memory is shared out among the parts of a stream of rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pairloom.data.sources.shard import Shard
from pairloom.errors import UserError
from pairloom.runtime import allowed_memory_bytes

DEFAULT_MAX_MEMORY_BYTES = 512 << 20
LEAST_MAX_MEMORY_BYTES = 4 << 20

_SMALLEST_BLOCK_BYTES, _LARGEST_BLOCK_BYTES = 1 << 16, 8 << 20
_BLOCKS_IN_ALL = 32
_PARTS_IN_A_WINDOW, _LARGEST_PART_BYTES = 128, 4 << 20
_MOST_READ_AHEAD_BYTES = 64 << 20
_MOST_BLOCKS_AHEAD = 24  # of their own size: parsed blocks count several times


@dataclass(frozen=True, slots=True)
class StreamMemory:
    """The shares of a bound.

    Attributes
    ----------
    max_memory_bytes
        The bound.
    """

    max_memory_bytes: int

    def __post_init__(self) -> None:
        if self.max_memory_bytes < LEAST_MAX_MEMORY_BYTES:
            raise UserError(
                f"max_memory_bytes {self.max_memory_bytes:,}; must be from "
                f"{LEAST_MAX_MEMORY_BYTES:,}"
            )

    @property
    def block_bytes(self) -> int:
        """Return the size of the blocks that files are read in."""
        share = self.max_memory_bytes // _BLOCKS_IN_ALL
        return max(_SMALLEST_BLOCK_BYTES, min(share, _LARGEST_BLOCK_BYTES))

    @property
    def read_ahead_bytes(self) -> int:
        """Return what may be on its way of an object, and of those after it."""
        return min(self.max_memory_bytes // 16, _MOST_READ_AHEAD_BYTES)

    @property
    def window_bytes(self) -> int:
        """Return the size of the buffer in which rows are shuffled.

        One is in training while the rows of the next are parsed, and these are then copied to
        lie side by side.
        """
        return self._left_bytes // 3

    @property
    def part_bytes(self) -> int:
        """Return the size of the parts that shards are shuffled in: many in one window."""
        share = self.window_bytes // _PARTS_IN_A_WINDOW
        return max(_SMALLEST_BLOCK_BYTES, min(share, _LARGEST_PART_BYTES))

    @property
    def in_flight_bytes(self) -> int:
        """Return what blocks and the rows parsed from them may take before they are trained on."""
        # The allocator keeps up to as much again of memory that was let go in between.
        most = self.max_memory_bytes // 2 - self._beside_bytes
        return min(most, _MOST_BLOCKS_AHEAD * self.block_bytes)

    @property
    def _left_bytes(self) -> int:
        return self.max_memory_bytes // 4 * 3 - self._beside_bytes

    @property
    def _beside_bytes(self) -> int:
        """Return what the block being cut, a mini-batch across two segments, and ranges take."""
        return 3 * self.block_bytes + 2 * self.read_ahead_bytes


def fit_in_memory(shards: Iterable[Shard]) -> bool:
    """Say whether the rows of shards can be held by this process, by their sizes.

    Rows in memory take up to about twice the bytes of their files, and training needs its share.
    """
    return 2 * sum(shard.num_bytes for shard in shards) <= allowed_memory_bytes() // 4 * 3
