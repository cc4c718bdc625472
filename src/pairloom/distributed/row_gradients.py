"""Gradients of one mini-batch's chunks, as the flat arrays that processes hand to each other."""

from __future__ import annotations

from dataclasses import dataclass

from pairloom.distributed.row_differences import Floats, Ids, RoundSummary


@dataclass(frozen=True, slots=True)
class ChunkGradient:
    """What the rows of one chunk add to the gradient, row-sparse.

    Attributes
    ----------
    ids
        int64, ascending: of one owner's features.
    linear, factors, squares
        float32 sums of g x, g S and g x^2 for the loss's derivative g and a row's factor sum S;
        squares are None where all values are 1.0, which makes them those of `linear`.
    bias
        Sum of g over all rows of the chunk.
    sums
        Sums behind the metrics, of all rows of the chunk.
    """

    ids: Ids
    linear: Floats
    factors: Floats
    squares: Floats | None
    bias: float
    sums: dict[str, float]


@dataclass(frozen=True, slots=True)
class RowGradients:
    """A worker's chunks of one mini-batch in their order, for one owner."""

    chunks: tuple[ChunkGradient, ...]
    summary: RoundSummary
