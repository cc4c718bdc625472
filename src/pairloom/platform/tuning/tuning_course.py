"""One tuning job, moved on step by step by the tuner that holds its lease.

What is done next follows from the training jobs in the store and the seed; a tuner that is killed
between any two writes leaves what the next one goes on from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from pairloom.errors import UserError
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import AlreadyExistsError, ResourceRecord, Store
from pairloom.platform.tuning.child_request import child_name, child_request
from pairloom.platform.tuning.children import Child, KnownChildren, read_children
from pairloom.platform.tuning.completion import Ending, ending
from pairloom.platform.tuning.curves import Curve, read_curve
from pairloom.platform.tuning.early_stopping import is_below_median, losers
from pairloom.platform.tuning.limits import epochs_of
from pairloom.platform.tuning.strategies import make_strategy
from pairloom.platform.tuning.trials import Trial, trials_of
from pairloom.platform.tuning.tuning_request import read_tuning_request, seed_of

_LOGGER = logging.getLogger(__name__)

_MOST_AT_ONCE: Final = 10  # made in one step; the lease is renewed between steps


class TuningCourse:
    """Moves one tuning job on."""

    def __init__(
        self, store: Store, settings: PlatformSettings, record: ResourceRecord, runner_id: str
    ) -> None:
        self._store = store
        self._settings = settings
        self._runner_id = runner_id
        self._name, self._created_at = record.name, record.created_at
        self._asked = read_tuning_request(record.request)
        self._tags = {tag["Key"]: tag["Value"] for tag in record.request.get("Tags", [])}
        seed = seed_of(self._asked, record.name, record.created_at)
        self._strategy = make_strategy(self._asked, seed)
        self._children = KnownChildren(store, record.name, self._asked.objective)
        self._earlier = self._trials_of_parents()
        self._ended_curves: dict[str, Curve] = {}

    def step(self, record: ResourceRecord) -> bool:
        """Do what is to be done now; return whether the tuning job has ended.

        Raises
        ------
        LeaseLostError
            The tuning job is another tuner's.
        ConflictError
            It was told to stop meanwhile.
        """
        children = self._children.read()
        if record.status == "Stopping":
            return self._wind_up(children, Ending("Stopped"), record.status)
        kept = record.state.get("ending")
        if kept is not None:
            return self._wind_up(children, Ending(**kept), record.status)
        now_ending = self._ending(children)
        if now_ending is None:
            self._stop_losers(children)
            self._launch(children)
            return False
        # Noted first: the training jobs that are stopped now must not change the verdict.
        self._change(record.status, ending=asdict(now_ending))
        return self._wind_up(children, now_ending, record.status)

    def _ending(self, children: Sequence[Child]) -> Ending | None:
        asked = self._asked
        age = time.time() - self._created_at
        return ending(children, asked.objective, asked.limits, asked.completion, age)

    def _wind_up(self, children: Sequence[Child], how: Ending, status: str) -> bool:
        """Stop the training jobs that still run, and end once none does."""
        running = [child for child in children if not child.has_ended]
        for child in running:
            self._stop(child)
        if running:
            return False
        now = time.time()
        converged_at = now if how.converged else None
        self._change(
            status,
            to=how.status,
            ended_at=now,
            failure_reason=how.failure_reason,
            converged_at=converged_at,
        )
        _LOGGER.info("tuning job %s: %s", self._name, how.status)
        return True

    def _launch(self, children: Sequence[Child]) -> None:
        limits, made = self._asked.limits, list(children)
        free = limits.parallel_jobs - sum(not child.has_ended for child in children)
        free = min(free, _MOST_AT_ONCE, limits.jobs - len(made))
        numbers = range(len(made) + 1, len(made) + free + 1)
        trials = [*self._earlier, *trials_of(made, self._asked.objective)]
        for number in numbers:
            tuned = self._strategy.suggest(number, trials)
            self._create(number, tuned)
            trials.append(Trial(tuned, None, is_pending=True))

    def _create(self, number: int, tuned: Mapping[str, str]) -> None:
        name = child_name(self._name, self._created_at, number)
        asked = self._asked
        if self._tags:  # before the job, which must never be there without them
            self._store.add_tags(self._settings.arn("training-job", name), self._tags)
        request = child_request(name, asked.definition, asked.objective, tuned)
        with suppress(AlreadyExistsError):  # made by a tuner that thinks it holds the lease
            self._store.create_training_job(name, request, tuning_job=self._name)
            _LOGGER.info("tuning job %s: %s has %s", self._name, name, dict(tuned))
        self._children.read_one(name)

    def _stop_losers(self, children: Sequence[Child]) -> None:
        asked = self._asked
        if asked.hyperband is None and not asked.stops_early:
            return
        curves = {child.number: self._curve(child) for child in children}
        completed = [
            curves[child.number] for child in children if child.record.status == "Completed"
        ]
        lost = losers(curves, asked.hyperband) if asked.hyperband is not None else set()
        for child in children:
            curve, epochs = curves[child.number], epochs_of(child.hyperparameters)
            done = max(curve, default=0)
            if child.has_ended or not 0 < done < epochs:  # there is nothing to spare
                continue
            if asked.hyperband is None:
                is_lost = is_below_median(curve, completed)
            else:
                is_lost = child.number in lost or done >= asked.hyperband.max_resource
            if is_lost:
                self._stop(child)

    def _curve(self, child: Child) -> Curve:
        known = self._ended_curves.get(child.name)
        if known is not None:
            return known
        curve = read_curve(
            self._store,
            child.name,
            epochs_of(child.hyperparameters),
            self._asked.objective,
        )
        if child.has_ended:
            self._ended_curves[child.name] = curve
        return curve

    def _stop(self, child: Child) -> None:
        if child.record.status == "InProgress":
            self._store.request_stop(child.name)
            _LOGGER.info("tuning job %s: %s is stopped", self._name, child.name)

    def _trials_of_parents(self) -> list[Trial]:
        objective = self._asked.objective
        for parent in self._asked.parents:
            if self._store.tuning_jobs.get(parent) is None:
                raise UserError(f"WarmStartConfig: there is no tuning job {parent!r} any more")
        return [
            trial
            for parent in self._asked.parents
            for trial in trials_of(read_children(self._store, parent, objective), objective)
            if not trial.is_pending
        ]

    def _change(self, status: str, *, to: str | None = None, **state: Any) -> None:
        self._store.tuning_jobs.change(
            self._name, runner_id=self._runner_id, only_if={status}, status=to, **state
        )
