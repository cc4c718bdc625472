"""The candidates that a model scores highest beside one context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError
from pairloom.runtime import allowed_threads

if TYPE_CHECKING:
    from pairloom.model.model import Model

Overlap: TypeAlias = Literal["refuse", "add"]


@dataclass(frozen=True, slots=True)
class RankedCandidates:
    """Candidates by falling score, equal scores by candidate.

    Attributes
    ----------
    candidates
        Row numbers, (count,).
    scores
        Before the link, float32, (count,).
    """

    candidates: npt.NDArray[np.int64]
    scores: Float32Array


def rank_candidates(
    model: Model,
    context: RowBatch,
    candidates: RowBatch,
    count: int,
    overlap: Overlap,
    num_threads: int,
) -> RankedCandidates:
    """Rank the rows `candidates`, each merged with the one row of `context`."""
    if context.num_rows != 1 or count < 1:
        raise DataError(
            f"context has {context.num_rows} rows and count is {count}; "
            "expected one row and a count from 1"
        )
    try:
        ranked, scores = model.table.rank_rows(
            context.checked(),
            candidates.checked(),
            count,
            adds_overlap=overlap == "add",
            only_trained=model.untrained_features == "zero",
            num_threads=num_threads or allowed_threads(),
        )
    except ValueError as error:
        raise DataError(str(error)) from error
    return RankedCandidates(ranked, scores)
