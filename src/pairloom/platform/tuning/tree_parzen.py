"""The Bayesian strategy: Optuna's tree-structured Parzen estimator over the trials so far."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from pairloom.platform.tuning.parameter_ranges import CategoricalRange, ParameterRange
from pairloom.platform.tuning.random_search import RandomSearch
from pairloom.platform.tuning.trials import Trial

RANDOM_TRIALS: Final = 8
"""So many trials are drawn at random before the first that is chosen."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


class TreeParzenSearch:
    """Chooses values where good trials were dense and bad ones were not.

    Pending trials count as bad ones, so that jobs that run at once are not alike. Every choice is
    made from the trials anew; nothing is remembered between two of them.
    """

    def __init__(self, ranges: Sequence[ParameterRange], seed: int) -> None:
        self._ranges = ranges
        self._seed = seed
        self._random = RandomSearch(ranges, seed)
        self._distributions: dict[str, BaseDistribution] = {
            one.name: CategoricalDistribution(one.values)
            if isinstance(one, CategoricalRange)
            else FloatDistribution(0.0, 1.0)
            for one in ranges
        }

    def suggest(self, number: int, trials: Sequence[Trial]) -> dict[str, str]:
        """Return values for the training job of a number."""
        known = self._known(trials)
        if sum(trial.state == TrialState.COMPLETE for trial in known) < RANDOM_TRIALS:
            return self._random.suggest(number)
        study = optuna.create_study(sampler=self._sampler(number))
        study.add_trials(known)
        chosen = study.ask(self._distributions).params
        return {one.name: _text(one, chosen[one.name]) for one in self._ranges}

    def _sampler(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return TPESampler(seed=seed, n_startup_trials=0, multivariate=True, constant_liar=True)

    def _known(self, trials: Sequence[Trial]) -> list[FrozenTrial]:
        """Return the trials that lie within the ranges; one that failed is as bad as the worst."""
        worst = max((trial.cost for trial in trials if trial.cost is not None), default=None)
        known = []
        for trial in trials:
            params = self._params(trial.hyperparameters)
            cost = worst if trial.cost is None else trial.cost
            if params is None or (cost is None and not trial.is_pending):
                continue
            state = TrialState.RUNNING if trial.is_pending else TrialState.COMPLETE
            known.append(
                create_trial(
                    state=state,
                    params=params,
                    distributions=self._distributions,
                    value=None if trial.is_pending else cost,
                )
            )
        return known

    def _params(self, hyperparameters: Mapping[str, str]) -> dict[str, Any] | None:
        params: dict[str, Any] = {}
        for one in self._ranges:
            text = hyperparameters.get(one.name, "")
            if isinstance(one, CategoricalRange):
                place: Any = text if one.holds(text) else None
            else:
                place = one.place_of(text)
            if place is None:
                return None
            params[one.name] = place
        return params


def _text(one: ParameterRange, chosen: Any) -> str:
    return str(chosen) if isinstance(one, CategoricalRange) else one.text_at(float(chosen))
