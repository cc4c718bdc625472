"""The strategies by their names."""

from __future__ import annotations

from pairloom.platform.tuning.parameter_ranges import CategoricalRange
from pairloom.platform.tuning.random_search import GridSearch, RandomSearch
from pairloom.platform.tuning.tree_parzen import TreeParzenSearch
from pairloom.platform.tuning.trials import Strategy
from pairloom.platform.tuning.tuning_request import TuningRequest


def make_strategy(asked: TuningRequest, seed: int) -> Strategy:
    """Return the strategy of a tuning job; Hyperband draws at random and stops the losers."""
    if asked.strategy == "Bayesian":
        return TreeParzenSearch(asked.ranges, seed)
    if asked.strategy == "Grid":
        return GridSearch([one for one in asked.ranges if isinstance(one, CategoricalRange)])
    return RandomSearch(asked.ranges, seed)
