"""The strategies that learn nothing: random values, and all combinations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pairloom.platform.tuning.parameter_ranges import CategoricalRange, ParameterRange
from pairloom.platform.tuning.trials import Trial


class RandomSearch:
    """Draws each training job's values from the seed and the job's number."""

    def __init__(self, ranges: Sequence[ParameterRange], seed: int) -> None:
        self._ranges = ranges
        self._seed = seed

    def suggest(self, number: int, trials: Sequence[Trial] = ()) -> dict[str, str]:  # noqa: ARG002
        """Return values of a number; what was tried before changes nothing."""
        places = np.random.default_rng([self._seed, number]).random(len(self._ranges))
        return {
            one.name: one.text_at(float(place))
            for one, place in zip(self._ranges, places, strict=True)
        }


class GridSearch:
    """Goes through all combinations, the last range's values fastest."""

    def __init__(self, ranges: Sequence[CategoricalRange]) -> None:
        self._ranges = ranges

    def suggest(self, number: int, trials: Sequence[Trial] = ()) -> dict[str, str]:  # noqa: ARG002
        """Return the combination of a number."""
        rest = number - 1
        chosen = {}
        for one in reversed(self._ranges):
            rest, index = divmod(rest, len(one.values))
            chosen[one.name] = one.values[index]
        return {one.name: chosen[one.name] for one in self._ranges}
