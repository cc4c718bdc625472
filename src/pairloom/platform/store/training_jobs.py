"""Training jobs: made and read by the API, leased and moved on by runners."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pairloom.platform.store import leases
from pairloom.platform.store.conditions import given
from pairloom.platform.store.database import Database
from pairloom.platform.store.listing import selected
from pairloom.platform.store.records import (
    TERMINAL_STATUS,
    TERMINAL_STATUSES,
    AlreadyExistsError,
    JobResults,
    LeaseLostError,
    NotFoundError,
    SecondaryTransition,
    TrainingJobQuery,
    TrainingJobRecord,
)
from pairloom.platform.store.tables import TrainingJobRow, TransitionRow

if TYPE_CHECKING:
    from typing_extensions import Unpack

FIRST_MESSAGE = "Starting the training job"
STOPPING_MESSAGE = "Stopping the training job"


class TrainingJobs:
    """The training jobs of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_training_job(
        self, name: str, request: dict[str, Any], tuning_job: str | None = None
    ) -> None:
        """Keep a new job, in state Starting.

        Parameters
        ----------
        tuning_job
            Name of the tuning job that it is part of.

        Raises
        ------
        AlreadyExistsError
            A job had this name before, even if it has ended.
        """
        now = time.time()
        row = TrainingJobRow(
            name=name,
            request=request,
            tuning_job=tuning_job,
            status="InProgress",
            secondary_status="Starting",
            created_at=now,
            modified_at=now,
            stop_requested=False,
            attempts=0,
            results={},
            transitions=[TransitionRow(status="Starting", message=FIRST_MESSAGE, started_at=now)],
        )
        try:
            with self._database.writing() as session:
                session.add(row)
        except IntegrityError:
            raise AlreadyExistsError(f"a training job is named {name!r} already") from None

    def training_job(self, name: str) -> TrainingJobRecord | None:
        """Return a job, or None if there is none of this name."""
        with self._database.reading() as session:
            row = session.get(TrainingJobRow, name)
            return None if row is None else _record(row)

    def training_jobs(self, query: TrainingJobQuery | None = None) -> list[TrainingJobRecord]:
        """Return the jobs that a query asks for."""
        query = query or TrainingJobQuery()
        scope = given((query.tuning_job, lambda name: TrainingJobRow.tuning_job == name))
        with self._database.reading() as session:
            rows = session.scalars(selected(TrainingJobRow, query, *scope))
            return [_record(row) for row in rows]

    def request_stop(self, name: str) -> TrainingJobRecord:
        """Note that a job is to stop; one that has ended, or was told before, stays as it is.

        Raises
        ------
        NotFoundError
            There is no such job.
        """
        with self._database.writing() as session:
            row = _locked(session, name)
            if row.status == "InProgress":
                row.stop_requested = True
                row.status = "Stopping"
                _move_on(row, "Stopping", STOPPING_MESSAGE)
            session.flush()
            return _record(row)

    def lease_training_job(self, runner_id: str, seconds: float) -> TrainingJobRecord | None:
        """Take the oldest job that nobody works on; it is this runner's for some seconds.

        Jobs whose runner has let its lease run out are taken again, `attempts` tells.
        """
        unfinished = TrainingJobRow.status.not_in(TERMINAL_STATUSES)
        return leases.lease_oldest(
            self._database, TrainingJobRow, unfinished, runner_id, seconds, _record
        )

    def renew_lease(self, name: str, runner_id: str, seconds: float) -> TrainingJobRecord:
        """Keep a job for some more seconds, and return it: it may be `stop_requested` by now.

        Raises
        ------
        LeaseLostError
            The job is another's, or has ended.
        """
        with self._database.writing() as session:
            row = _held(session, name, runner_id)
            leases.extend(row, self._database.now(session), seconds)
            session.flush()
            return _record(row)

    def release_lease(self, name: str, runner_id: str) -> None:
        """Let go of a job that is not finished, so that any runner may take it at once."""
        with self._database.writing() as session:
            leases.end(_held(session, name, runner_id))

    def transition(
        self,
        name: str,
        secondary_status: str,
        message: str,
        *,
        runner_id: str | None = None,
        **results: Unpack[JobResults],
    ) -> TrainingJobRecord:
        """Move a job on to its next state, or give the state it is in a new message.

        States that end a job end its lease too. A job that was told to stop stays Stopping until
        it ends.

        Raises
        ------
        NotFoundError
            There is no such job.
        LeaseLostError
            `runner_id` is given and the job is another's; or the job has ended.
        """
        unknown = results.keys() - JobResults.__annotations__.keys()
        if unknown:
            raise TypeError(f"a training job has no results named {sorted(unknown)}")
        with self._database.writing() as session:
            row = _locked(session, name) if runner_id is None else _held(session, name, runner_id)
            if row.status in TERMINAL_STATUSES:
                raise LeaseLostError(f"training job {name!r} has ended: {row.status}")
            row.results = {**row.results, **results}
            _move_on(row, secondary_status, message)
            if secondary_status in TERMINAL_STATUS:
                row.status = TERMINAL_STATUS[secondary_status]
                leases.end(row)
            session.flush()
            return _record(row)


def _move_on(row: TrainingJobRow, secondary_status: str, message: str) -> None:
    now = time.time()
    last = row.transitions[-1]
    row.modified_at = now
    if last.status == secondary_status:
        last.message = message
        return
    last.ended_at = now
    ended = now if secondary_status in TERMINAL_STATUS else None
    row.secondary_status = secondary_status
    row.transitions.append(
        TransitionRow(status=secondary_status, message=message, started_at=now, ended_at=ended)
    )


def _locked(session: Session, name: str) -> TrainingJobRow:
    row = session.get(TrainingJobRow, name, with_for_update=True)
    if row is None:
        raise NotFoundError(f"no training job is named {name!r}")
    return row


def _held(session: Session, name: str, runner_id: str) -> TrainingJobRow:
    row = _locked(session, name)
    leases.refuse_other(row, runner_id)
    return row


def _record(row: TrainingJobRow) -> TrainingJobRecord:
    transitions = (
        SecondaryTransition(step.status, step.message, step.started_at, step.ended_at)
        for step in row.transitions
    )
    return TrainingJobRecord(
        name=row.name,
        request=row.request,
        tuning_job=row.tuning_job,
        status=row.status,
        secondary_status=row.secondary_status,
        transitions=tuple(transitions),
        created_at=row.created_at,
        modified_at=row.modified_at,
        stop_requested=row.stop_requested,
        attempts=row.attempts,
        runner_id=row.runner_id,
        lease_until=row.lease_until,
        results=cast("JobResults", row.results),
    )
