"""Rows that come in segments: an epoch of which only a part is in memory at a time."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from pairloom._core import Rows
from pairloom.batch import RowBatch


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of an epoch can be read from again.

    Attributes
    ----------
    part
        Place of the file, or of the piece of one, in the epoch's order.
    offset
        Byte of the file at which a record begins.
    record
        Number of that record in its file; -1: nobody counted.
    """

    part: int
    offset: int
    record: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Some rows of an epoch, side by side in its order.

    Attributes
    ----------
    rows
        With labels.
    checked
        The same, as the core borrows them.
    order
        The rows in the order of the epoch; None: as they stand.
    place
        Where they begin.
    """

    rows: RowBatch
    checked: Rows
    place: Place
    order: npt.NDArray[np.uint32] | None = None


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Which of the seed's orders an epoch has."""

    seed: int
    epoch: int


@runtime_checkable
class SegmentedRows(Protocol):
    """Rows to train on that are asked for in each epoch, and come in segments.

    Attributes
    ----------
    feature_dim
        Width of all rows.
    num_threads
        How many threads are busy while segments are taken.
    """

    @property
    def feature_dim(self) -> int: ...

    @property
    def num_threads(self) -> int: ...

    def fingerprint(self, *, shuffled: bool) -> str:
        """Say which rows these are, in which order: equal for equal rows, alone."""
        ...

    def segments(
        self, epoch: int, *, shuffle: Shuffle | None = None, place: Place | None = None
    ) -> Generator[Segment]:
        """Give the segments of an epoch, from a place on; the first epoch is 0.

        Closing the generator ends all reading.
        """
        ...
