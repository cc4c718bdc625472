"""Workers and owners as Ray's actors, which hand each other a round in a few large messages."""

from __future__ import annotations

import logging
import math
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom.distributed.modes import OWNER_TYPES, WORKER_TYPES
from pairloom.distributed.round_folder import owner_folder
from pairloom.distributed.row_differences import RoundSummary, RowDifferences
from pairloom.distributed.run_record import RunRecord
from pairloom.distributed.settings import DistributedSettings, Mode
from pairloom.distributed.worker import WorkerPart, WorkerRows
from pairloom.errors import PlatformError, UserError
from pairloom.hyperparameters import Hyperparameters
from pairloom.runtime import allowed_threads
from pairloom.training.state import TrainingState

logger = logging.getLogger(__name__)

_PLACED_SECONDS = 300.0
_LOOK_SECONDS = 0.2

# A round of `sync` takes milliseconds: as long as a commit, or as an answer to the driver.
_ROUNDS_OF_A_COMMIT: dict[Mode, int] = {"local": 1, "sync": 16}


class LostActorError(PlatformError):
    """Raised when a worker or an owner, or the node it ran on, has died."""


class StopRequestedError(Exception):
    """Raised when training was asked to stop while a round was under way."""


@dataclass(frozen=True, slots=True)
class ActorOrder:
    """What all actors of a run are made from.

    Attributes
    ----------
    rows
        A reference for each worker, to its rows.
    state
        Reference to the state that all start from, or to None: drawn from the seed.
    folder
        Where owners commit rounds; every node sees it under this path.
    num_threads
        Of each worker; 0: its share of the processors.
    """

    settings: DistributedSettings
    hyperparameters: Hyperparameters
    rows: Sequence[Any]
    state: Any
    folder: Path
    num_threads: int


class WorkerActor:
    """A worker, whose messages Ray takes apart by owner."""

    def __init__(
        self,
        order: ActorOrder,
        rank: int,
        rows: WorkerRows | None,
        state: TrainingState | None,
        num_threads: int,
    ) -> None:
        self._worker = WORKER_TYPES[order.settings.mode](
            order.settings,
            rank,
            rows,
            order.hyperparameters,
            state=state,
            num_threads=min(num_threads, allowed_threads()),
        )
        self._num_owners = order.settings.num_owners
        self._staleness = order.settings.staleness
        self._absorbed = 0
        self._ended = 0  # the commit in which the last epoch ended

    def train_round(
        self, number: int, commit: int, *before: RowDifferences | None
    ) -> Sequence[WorkerPart | None] | WorkerPart | None:
        """Absorb the round before, if it is given, and train the next.

        Where the epoch has ended, what is left of the commit is empty, and all is after the last.
        """
        self.absorb(commit, *before)
        parts: Sequence[WorkerPart | None] = [None] * self._num_owners
        if self._ended != commit and not self._worker.finished:
            _refuse_gap(self._absorbed, number, self._staleness)
            parts = self._worker.train_round(number)
        return parts if len(parts) > 1 else parts[0]

    def absorb(self, commit: int, *merged: RowDifferences | None) -> None:
        whole = [part for part in merged if part is not None]
        if not whole:
            return
        self._worker.absorb(whole)
        self._absorbed = whole[0].summary.number
        if whole[0].summary.at_epoch_end:
            self._ended = commit

    def restore(self, *committed: RowDifferences) -> RoundSummary:
        self._worker.restore(committed)
        self._absorbed = committed[0].summary.number
        return committed[0].summary


class OwnerActor:
    """An owner, whose rounds lie in a folder of its own."""

    def __init__(self, order: ActorOrder, index: int, state: TrainingState | None) -> None:
        self._run_folder = order.folder
        self._owner = OWNER_TYPES[order.settings.mode](
            order.settings,
            index,
            order.hyperparameters,
            folder=owner_folder(order.folder, index),
            state=state,
        )

    def merge(self, number: int, *parts: WorkerPart | None) -> RowDifferences | None:
        whole = [part for part in parts if part is not None]
        if not whole:
            return None
        _refuse_gap(self._owner.number, number)
        return self._owner.merge(number, whole)

    def commit(
        self,
        last: RowDifferences | None,  # noqa: ARG002  without it, no commit
        *before: Sequence[RoundSummary],  # noqa: ARG002  likewise, of every owner
    ) -> list[RoundSummary]:
        """Commit what was merged up to the last round of the commit."""
        return self._owner.commit(self._owner.number)

    def committed(self) -> tuple[int, ...]:
        """Return the rounds that can be restored.

        Raises
        ------
        UserError
            This machine does not see the run's folder.
        """
        if not RunRecord.is_in(self._run_folder):
            raise UserError(
                f"the machine {socket.gethostname()} does not see {self._run_folder}, where rounds "
                "are committed: give checkpoints a folder that all machines of the Ray share"
            )
        return self._owner.committed()

    def restore(self, number: int) -> RowDifferences:
        return self._owner.restore(number)


def _refuse_gap(last: int, number: int, ahead: int = 0) -> None:
    """Refuse a round after one that did not arrive, since who should have sent it has died."""
    if not last < number <= last + 1 + ahead:
        raise LostActorError(f"round {number} came after round {last}")


@dataclass(frozen=True, slots=True)
class _Commit:
    """Rounds under way that are committed together: references to what they are waited for by."""

    first: int
    merged: list[Any]  # the last round's, of every owner
    commits: list[Any]
    absorbed: list[Any]  # of every worker


class ActorGroup:
    """All workers and owners from one start to their end; when one dies, none is of use.

    Parameters
    ----------
    stop_requested
        Asked while rounds are waited for.

    Raises
    ------
    LostActorError
        One died before all were there, or there is no room for them.
    """

    def __init__(self, ray: Any, order: ActorOrder, stop_requested: Callable[[], bool]) -> None:
        self._ray = ray
        self._stop_requested = stop_requested
        self._workers: list[Any] = []
        self._owners: list[Any] = []
        self._under_way: deque[_Commit] = deque()
        self._begun: deque[_Commit] = deque()  # whose merges workers have yet to absorb
        settings = order.settings
        share = ray.cluster_resources().get("CPU", 0.0) / settings.num_workers
        threads = order.num_threads or max(1, int(share))
        self._num_owners = settings.num_owners
        self._num_rounds = _ROUNDS_OF_A_COMMIT[settings.mode]
        self._staleness = settings.staleness
        # Where an epoch ends within a commit, the number of the next round is not known before.
        self._ahead = settings.staleness + 1 if self._num_rounds == 1 else 0
        cpus = min(1.0, math.floor(100 * share) / 100)
        for rank in range(settings.num_workers):
            made = self._actor(WorkerActor, cpus)
            self._workers.append(made.remote(order, rank, order.rows[rank], order.state, threads))
        for index in range(settings.num_owners):
            self._owners.append(self._actor(OwnerActor, 0.0).remote(order, index, order.state))

    def _actor(self, kind: type, num_cpus: float) -> Any:
        return self._ray.remote(kind).options(num_cpus=num_cpus, scheduling_strategy="SPREAD")

    def committed(self) -> int:
        """Return the newest round that all owners have committed, or 0; waits for all actors."""
        ready = [actor.__ray_ready__.remote() for actor in self._workers]
        asked = [owner.committed.remote() for owner in self._owners]
        found = self._wait([*asked, *ready], _PLACED_SECONDS)[: len(asked)]
        return max(set.intersection(*map(set, found)), default=0)

    def restore(self, number: int) -> RoundSummary:
        """Take all actors back to a committed round and return what it was."""
        parts = [owner.restore.remote(number) for owner in self._owners]
        taken = [worker.restore.remote(*parts) for worker in self._workers]
        summary: RoundSummary = self._wait(taken)[0]
        return summary

    def commit_rounds(self, first: int) -> list[RoundSummary]:
        """Train rounds, several in mode `sync`, but none beyond an epoch's end.

        Returns what they were when all owners have committed the last. In mode `local` workers
        have then begun the next: it is merged when they are done with it, and committed after
        this one. With staleness they have begun as many more.
        """
        while len(self._under_way) <= self._ahead:
            self._begin(first + len(self._under_way) * self._num_rounds)
        commit = self._under_way.popleft()
        rounds: list[RoundSummary] = self._wait([*commit.commits, *commit.absorbed])[0]
        return rounds

    def _begin(self, first: int) -> None:
        absorbed = self._absorbed()
        parts: list[Any] = []
        for number in range(first, first + self._num_rounds):
            trained = [self._trained(worker, number, first, *parts) for worker in self._workers]
            parts = [
                owner.merge.remote(number, *(of[index] for of in trained))
                for index, owner in enumerate(self._owners)
            ]
        # Owners that are killed differ by one commit at most.
        before = self._under_way[-1].commits if self._under_way else []
        commits = [
            owner.commit.remote(part, *before)
            for owner, part in zip(self._owners, parts, strict=True)
        ]
        begun = _Commit(first, parts, commits, absorbed)
        self._under_way.append(begun)
        self._begun.append(begun)

    def _absorbed(self) -> list[Any]:
        """Let workers take in the newest merge that they may know, if there is one."""
        if len(self._begun) <= self._staleness:
            return []
        known = self._begun.popleft()
        return [worker.absorb.remote(known.first, *known.merged) for worker in self._workers]

    def _trained(self, worker: Any, *arguments: Any) -> list[Any]:
        returned = worker.train_round.options(num_returns=self._num_owners).remote(*arguments)
        return returned if self._num_owners > 1 else [returned]

    def end(self) -> None:
        """Kill all actors."""
        for actor in (*self._workers, *self._owners):
            self._ray.kill(actor)

    def _wait(self, references: Sequence[Any], most_seconds: float = math.inf) -> list[Any]:
        """Return what references stand for, as soon as all are there or one has failed."""
        deadline = time.monotonic() + most_seconds
        pending, values = list(references), dict[Any, Any]()
        while pending:
            done, pending = self._ray.wait(
                pending, num_returns=len(pending), timeout=_LOOK_SECONDS, fetch_local=False
            )
            values.update(zip(done, self._get(done), strict=True))
            if pending and self._stop_requested():
                raise StopRequestedError
            if pending and time.monotonic() > deadline:
                raise LostActorError(
                    f"workers and owners were not there after {most_seconds:.0f} seconds; Ray has "
                    f"{self._ray.available_resources().get('CPU', 0.0):g} processors free"
                )
        return [values[each] for each in references]

    def _get(self, references: Sequence[Any]) -> list[Any]:
        exceptions = self._ray.exceptions
        try:
            values: list[Any] = self._ray.get(list(references))
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, exceptions.RayError):
                raise LostActorError(_first_line(error.cause)) from error
            raise error.cause from error
        except exceptions.RayError as error:
            raise LostActorError(_first_line(error)) from error
        return values


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
