"""What a round changed, as the flat arrays that processes hand to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import Trainer

Ids: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Counts: TypeAlias = npt.NDArray[np.uint32]
EntryLines: TypeAlias = tuple[Ids, Floats, Floats, Floats]

UNCOUNTED: Counts = np.empty(0, np.uint32)


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """What is not row-sparse of a round: of one worker, or of all after the merge.

    Attributes
    ----------
    number
        Rounds count from 1 through all epochs.
    epoch
        Which the rows belong to, counted from 0.
    at_epoch_end
        Whether it has no rows left.
    bias, bias_state
        After the round.
    step_count
        Mini-batches of the run up to here, as the optimizer counts them.
    steps, rows
        Mini-batches and rows of the round; of a merge, those of all workers.
    sums
        Sums behind the metrics, of the epoch up to here.
    positions
        Where each worker's next row is, in types that JSON can carry: one, or of a merge one per
        worker.
    """

    number: int
    epoch: int
    at_epoch_end: bool
    bias: float
    bias_state: tuple[float, ...]
    step_count: int
    steps: int
    rows: int
    sums: Mapping[str, float]
    positions: tuple[Mapping[str, Any], ...]

    def write_to(self, trainer: Trainer) -> None:
        """Give a trainer this bias, its state and the step count."""
        trainer.bias = self.bias
        trainer.bias_state = list(self.bias_state)
        trainer.step_count = self.step_count


@dataclass(frozen=True, slots=True)
class RowDifferences:
    """Entries that differ from those at the round's start, with the values that they have now.

    Values, because owners know those at the start, and what one worker alone has changed then stays
    as it is to the bit. A worker that runs ahead began with values that owners do not know: it
    gives differences, as `RunAhead` makes them.

    Attributes
    ----------
    ids
        int64, ascending.
    linear, factors
        float32 of shapes (n,) and (n, num_factors).
    state
        The optimizer's, float32 of shape (n, slots, 1 + num_factors), the linear weight's first.
    touches
        uint32: mini-batches of the round that held the feature; of a merge, of all workers. Empty
        where the merge asks for no counts, as that of every optimizer but Adam.
    """

    ids: Ids
    linear: Floats
    factors: Floats
    state: Floats
    touches: Counts
    summary: RoundSummary

    @property
    def lines(self) -> EntryLines:
        """The entries' ids, linear weights, factors and state."""
        return self.ids, self.linear, self.factors, self.state

    def write_to(self, trainer: Trainer) -> None:
        """Give a trainer these entries, the bias and the step count."""
        trainer.write_entries(*self.lines)
        self.summary.write_to(trainer)


def total_sums(sums: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Add up the sums behind the metrics, in order."""
    return {name: sum(each[name] for each in sums) for name in sums[0]}
