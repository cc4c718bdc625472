"""Log groups, their streams and events."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pairloom.platform.store.conditions import given
from pairloom.platform.store.database import Database
from pairloom.platform.store.records import (
    TRAINING_LOG_GROUP,
    LogEvent,
    LogStream,
    NotFoundError,
    StoredLogEvent,
)
from pairloom.platform.store.tables import LogEventRow, LogStreamRow


class LogEvents:
    """The logs of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append_log_events(
        self, stream: str, events: Iterable[LogEvent], *, group: str = TRAINING_LOG_GROUP
    ) -> None:
        """Add events, in this order, to a stream, which is made if it is not there."""
        now = time.time()
        rows = [
            {
                "group_name": group,
                "stream": stream,
                "message": event.message,
                "timestamp": event.timestamp,
                "ingested_at": now,
            }
            for event in events
        ]
        with self._database.writing() as session:
            row = _stream(session, group, stream, now)
            if rows:
                times = [float(str(event["timestamp"])) for event in rows]
                row.first_event_at = min(
                    times if row.first_event_at is None else [*times, row.first_event_at]
                )
                row.last_event_at = max([*times, row.last_event_at or 0.0])
                row.ingested_at = now
                session.execute(insert(LogEventRow), rows)

    def log_streams(self, *, group: str = TRAINING_LOG_GROUP, prefix: str = "") -> list[LogStream]:
        """Return a group's streams whose names begin so, by name."""
        statement = select(LogStreamRow).where(LogStreamRow.group_name == group)
        if prefix:
            statement = statement.where(LogStreamRow.name.startswith(prefix, autoescape=True))
        with self._database.reading() as session:
            return [
                LogStream(
                    name=row.name,
                    created_at=row.created_at,
                    first_event_at=row.first_event_at,
                    last_event_at=row.last_event_at,
                    ingested_at=row.ingested_at,
                )
                for row in session.scalars(statement.order_by(LogStreamRow.name))
            ]

    def has_log_group(self, group: str) -> bool:
        """Return whether a group has any stream."""
        statement = select(LogStreamRow.name).where(LogStreamRow.group_name == group).limit(1)
        with self._database.reading() as session:
            return session.scalar(statement) is not None

    def log_events(  # noqa: PLR0913  the parts of one range
        self,
        streams: str | Sequence[str],
        *,
        group: str = TRAINING_LOG_GROUP,
        after_id: int | None = None,
        before_id: int | None = None,
        start: float | None = None,
        end: float | None = None,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[StoredLogEvent]:
        """Return events in the order they came in; `end` itself is not in.

        With `newest`, a limit keeps the last events instead of the first.

        Raises
        ------
        NotFoundError
            A stream is not there.
        """
        names = [streams] if isinstance(streams, str) else list(streams)
        row = LogEventRow
        asked = given(
            (after_id, lambda value: row.id > value),
            (before_id, lambda value: row.id < value),
            (start, lambda value: row.timestamp >= value),
            (end, lambda value: row.timestamp < value),
        )
        statement = select(row).where(
            row.group_name == group,
            row.stream.in_(names),
            *asked,
        )
        statement = statement.order_by(row.id.desc() if newest else row.id).limit(limit)
        with self._database.reading() as session:
            for name in names:
                if session.get(LogStreamRow, (group, name)) is None:
                    raise NotFoundError(f"log group {group!r} has no stream {name!r}")
            found = [_event(row) for row in session.scalars(statement)]
        return found[::-1] if newest else found


def _stream(session: Session, group: str, name: str, now: float) -> LogStreamRow:
    """Return a stream, made if need be; who else writes to it waits, so that ids ascend."""
    row = session.get(LogStreamRow, (group, name), with_for_update=True)
    if row is None:
        with suppress(IntegrityError), session.begin_nested():  # another has just made it
            session.add(LogStreamRow(group_name=group, name=name, created_at=now))
        row = session.get_one(LogStreamRow, (group, name), with_for_update=True)
    return row


def _event(row: LogEventRow) -> StoredLogEvent:
    return StoredLogEvent(
        id=row.id,
        stream=row.stream,
        message=row.message,
        timestamp=row.timestamp,
        ingested_at=row.ingested_at,
    )
