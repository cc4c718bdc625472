"""Segments shuffled together, as many as a buffer holds."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator

from pairloom._core import shuffled_rows
from pairloom.batch import RowBatch
from pairloom.data.joined_rows import join_rows
from pairloom.data.segments import Place, Segment, Shuffle


def shuffled_windows(
    segments: Iterator[Segment], window_bytes: int, shuffle: Shuffle
) -> Generator[Segment]:
    """Join segments until they have `window_bytes`, and give each such window's rows in an order.

    The order depends on seed, epoch, the window's place and its number of rows alone.
    """
    held: list[RowBatch] = []
    num_bytes, place = 0, Place(0, 0, 0)
    while (segment := next(segments, None)) is not None:
        if not held:
            place = segment.place
        held.append(segment.rows)
        num_bytes += segment.rows.num_bytes
        del segment
        if num_bytes >= window_bytes:
            yield _window(held, place, shuffle)
            num_bytes = 0
    if held:
        yield _window(held, place, shuffle)


def _window(held: list[RowBatch], place: Place, shuffle: Shuffle) -> Segment:
    rows = join_rows(held)
    held.clear()
    # Beside the numbers of epochs, which order the parts.
    window = (shuffle.epoch + 1) << 32 | zlib.crc32(f"{place.part} {place.offset}".encode())
    order = shuffled_rows(shuffle.seed, window, rows.num_rows)
    return Segment(rows, rows.checked(), place, order)
