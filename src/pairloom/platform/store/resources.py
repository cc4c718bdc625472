"""What the API makes and finds by name, training jobs apart: one table, told apart by kind."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, Literal, TypeAlias

from sqlalchemy import and_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pairloom.platform.store import leases
from pairloom.platform.store.database import Database
from pairloom.platform.store.listing import selected
from pairloom.platform.store.records import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    ResourceQuery,
    ResourceRecord,
)
from pairloom.platform.store.tables import ResourceRow

ResourceKind: TypeAlias = Literal[
    "model", "endpoint-config", "endpoint", "transform-job", "hyper-parameter-tuning-job"
]
"""As ARNs spell it."""


class Resources:
    """The resources of one kind."""

    def __init__(self, database: Database, kind: ResourceKind) -> None:
        self._database = database
        self.kind = kind

    def create(
        self, name: str, request: dict[str, Any], *, status: str = "Available", **state: Any
    ) -> ResourceRecord:
        """Keep a new resource.

        Raises
        ------
        AlreadyExistsError
            There is one of this name.
        """
        now = time.time()
        row = ResourceRow(
            kind=self.kind,
            name=name,
            request=request,
            status=status,
            created_at=now,
            modified_at=now,
            stop_requested=False,
            attempts=0,
            state=state,
        )
        try:
            with self._database.writing() as session:
                session.add(row)
                session.flush()
                return _record(row)
        except IntegrityError:
            raise AlreadyExistsError(f"{self._called(name)} is there already") from None

    def get(self, name: str) -> ResourceRecord | None:
        """Return a resource, or None if there is none of this name."""
        with self._database.reading() as session:
            row = session.get(ResourceRow, self._key(name))
            return None if row is None else _record(row)

    def find(self, query: ResourceQuery | None = None) -> list[ResourceRecord]:
        """Return the resources that a query asks for."""
        with self._database.reading() as session:
            of_kind = ResourceRow.kind == self.kind
            statement = selected(ResourceRow, query or ResourceQuery(), of_kind)
            return [_record(row) for row in session.scalars(statement)]

    def change(
        self,
        name: str,
        *,
        runner_id: str | None = None,
        only_if: Collection[str] | None = None,
        status: str | None = None,
        request: dict[str, Any] | None = None,
        **state: Any,
    ) -> ResourceRecord:
        """Change what is given; members of `state` are set one by one.

        Parameters
        ----------
        runner_id
            Who must hold the lease.
        only_if
            The statuses that allow the change.

        Raises
        ------
        NotFoundError
            There is no such resource.
        LeaseLostError
            It is another runner's.
        ConflictError
            Its status does not allow the change.
        """
        with self._database.writing() as session:
            row = self._locked(session, name, runner_id)
            if only_if is not None and row.status not in only_if:
                raise ConflictError(f"{self._called(name)} is {row.status}")
            row.modified_at = time.time()
            row.status = row.status if status is None else status
            row.request = row.request if request is None else request
            row.state = {**row.state, **state}
            session.flush()
            return _record(row)

    def request_stop(
        self, name: str, *, status: str = "Stopping", only_if: Collection[str]
    ) -> ResourceRecord:
        """Note that a resource is to stop, if its status allows that; it stays as it is otherwise.

        Raises
        ------
        NotFoundError
            There is no such resource.
        """
        with self._database.writing() as session:
            row = self._locked(session, name)
            if row.status in only_if:
                row.stop_requested = True
                row.status = status
                row.modified_at = time.time()
            session.flush()
            return _record(row)

    def delete(self, name: str, *, runner_id: str | None = None) -> None:
        """Forget a resource.

        Raises
        ------
        NotFoundError
            There is no such resource.
        LeaseLostError
            `runner_id` is given and it is another runner's.
        """
        with self._database.writing() as session:
            session.delete(self._locked(session, name, runner_id))

    def lease(
        self, runner_id: str, seconds: float, statuses: Collection[str]
    ) -> ResourceRecord | None:
        """Take the oldest resource of these statuses that nobody works on, for some seconds.

        Those whose runner has let its lease run out are taken again, `attempts` tells.
        """
        wanted = and_(ResourceRow.kind == self.kind, ResourceRow.status.in_(statuses))
        return leases.lease_oldest(self._database, ResourceRow, wanted, runner_id, seconds, _record)

    def renew(self, name: str, runner_id: str, seconds: float) -> ResourceRecord:
        """Keep a resource for some more seconds, and return it as it is by now.

        Raises
        ------
        NotFoundError
            There is no such resource any more.
        LeaseLostError
            It is another runner's.
        """
        with self._database.writing() as session:
            row = self._locked(session, name, runner_id)
            leases.extend(row, self._database.now(session), seconds)
            session.flush()
            return _record(row)

    def release(self, name: str, runner_id: str) -> None:
        """Let go of a resource, so that any runner may take it at once."""
        with self._database.writing() as session:
            leases.end(self._locked(session, name, runner_id))

    def _locked(self, session: Session, name: str, runner_id: str | None = None) -> ResourceRow:
        row = session.get(ResourceRow, self._key(name), with_for_update=True)
        if row is None:
            raise NotFoundError(f"there is no {self._called(name)}")
        if runner_id is not None:
            leases.refuse_other(row, runner_id)
        return row

    def _key(self, name: str) -> dict[str, str]:
        return {"kind": self.kind, "name": name}

    def _called(self, name: str) -> str:
        return f"{self.kind} {name!r}"


def _record(row: ResourceRow) -> ResourceRecord:
    return ResourceRecord(
        name=row.name,
        request=row.request,
        status=row.status,
        created_at=row.created_at,
        modified_at=row.modified_at,
        stop_requested=row.stop_requested,
        attempts=row.attempts,
        runner_id=row.runner_id,
        lease_until=row.lease_until,
        state=row.state,
    )
