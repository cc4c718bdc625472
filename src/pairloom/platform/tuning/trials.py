"""What strategies learn from: which values were tried, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pairloom.platform.tuning.children import Child
from pairloom.platform.tuning.objective import Objective


@dataclass(frozen=True, slots=True)
class Trial:
    """Hyperparameters that were tried.

    Attributes
    ----------
    cost
        What is to be small; None where it is not known, or never will be.
    is_pending
        The cost may yet become known.
    """

    hyperparameters: Mapping[str, str]
    cost: float | None
    is_pending: bool = False


class Strategy(Protocol):
    """Chooses what is tried next."""

    def suggest(self, number: int, trials: Sequence[Trial]) -> dict[str, str]:
        """Return the hyperparameters of the training job of a number, counted from 1.

        The same arguments give the same values.
        """


def trials_of(children: Iterable[Child], objective: Objective) -> list[Trial]:
    """Return training jobs as trials, in their order."""
    return [
        Trial(
            child.hyperparameters,
            None if child.value is None else objective.cost(child.value),
            is_pending=not child.has_ended,
        )
        for child in children
    ]
