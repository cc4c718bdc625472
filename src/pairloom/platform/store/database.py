"""The connection to SQLite or PostgreSQL: sessions that read, sessions that write, migrations."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session

from pairloom.errors import PlatformError, UserError
from pairloom.platform.store.changes import ChangeWatch
from pairloom.platform.store.records import StoreAwayError, StoreFullError

_BUSY_SECONDS: Final = 30.0
_SUPPORTED: Final = ("sqlite", "postgresql")
_SQLITE_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "case_sensitive_like=ON",  # as PostgreSQL
)
_SQLITE_FULL: Final = "database or disk is full"
_POSTGRESQL_DISK_FULL: Final = "53100"
_MIGRATION_LOCK: Final = 0x5041_4952  # of PostgreSQL's advisory locks; any number of our own
# A server that vanished without a word is given up after about these many seconds.
_POSTGRESQL_PATIENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_SERVER_TIME: Final = text("SELECT extract(epoch FROM clock_timestamp())::float8")
# A client that vanished within a transaction holds its locks no longer than this.
_IDLE_IN_TRANSACTION: Final = "30s"


class Database:
    """One database, at its newest form once this is made; safe to use from many threads.

    Parameters
    ----------
    url
        As SQLAlchemy writes it: `sqlite:///file` or `postgresql+psycopg://...`.

    Raises
    ------
    UserError
        The URL is not one of these.
    PlatformError
        The database cannot be reached or is newer than this version.
    """

    def __init__(self, url: str) -> None:
        engine = _engine(url)
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._writing_engine = engine.execution_options(writes=True)
        self._watches: list[ChangeWatch] = []
        self._of_thread = threading.local()  # its `session` while changes are made together
        # SQLite's transactions see one state in any case.
        one_state = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._engine = engine.execution_options(**one_state if self._is_postgresql else {})
        try:
            self._migrate()
        except DBAPIError as error:
            raise self._unusable(str(error.orig)) from error
        except CommandError as error:
            raise self._unusable(f"it was made by another version of Pairloom: {error}") from error

    def close(self) -> None:
        """Close every connection that is not in use."""
        for watch in self._watches:
            watch.close()
        self._engine.dispose()

    def watch(self) -> ChangeWatch:
        """Return a watch of its own for one who looks often; it ends with the database."""
        watch = ChangeWatch(None if self._is_postgresql else self._engine.url.database)
        self._watches.append(watch)
        return watch

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database.

        Raises
        ------
        StoreAwayError
            The database does not answer.
        """
        together = self._session_together()
        if together is not None:
            yield together
            return
        with _away_named(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session whose changes are kept if the block ends without an exception.

        Raises
        ------
        StoreAwayError
            The database does not answer or is locked; where its disk is full, StoreFullError.
        """
        together = self._session_together()
        if together is not None:
            yield together
            together.flush()
            return
        with _away_named(), Session(self._writing_engine) as session, session.begin():
            yield session

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what this thread reads and writes within the block.

        Raises
        ------
        StoreAwayError
            As `writing`.
        """
        with self.writing() as session:
            self._of_thread.session = session
            try:
                yield
            finally:
                del self._of_thread.session

    def now(self, session: Session) -> float:
        """Return the time by which leases run: the server's where several machines share one."""
        if self._is_postgresql:
            return float(session.scalar(_SERVER_TIME) or 0)
        return time.time()

    def _session_together(self) -> Session | None:
        return getattr(self._of_thread, "session", None)

    def _unusable(self, reason: str) -> PlatformError:
        shown = self._engine.url.render_as_string(hide_password=True)
        self.close()
        return PlatformError(f"the database {shown} cannot be used: {reason}")

    def _migrate(self) -> None:
        # Several processes may start at once: the first to get the lock does the work.
        with self._writing_engine.begin() as connection:
            if self._is_postgresql:
                lock = text("SELECT pg_advisory_xact_lock(:lock)")
                connection.execute(lock, {"lock": _MIGRATION_LOCK})
            upgrade(connection)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring a database to a revision, within the connection's own transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in _SUPPORTED:
            raise UserError(
                f"database URL names {parsed.get_backend_name()!r}; must be sqlite or "
                "postgresql+psycopg"
            )
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        return _postgresql_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UserError(f"database URL cannot be used: {error}") from error


@contextmanager
def _away_named() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if _is_full(error.orig):
            raise StoreFullError(
                f"the disk of the database is full: {_one_line(error.orig)}; free space"
            ) from error
        raise StoreAwayError(f"the database does not answer: {_one_line(error.orig)}") from error
    except NoConnectionError as error:
        raise StoreAwayError("the database does not answer: no connection became free") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreAwayError(f"the database has gone: {_one_line(error.orig)}") from error
        raise


def _is_full(error: BaseException | None) -> bool:
    return getattr(error, "sqlstate", None) == _POSTGRESQL_DISK_FULL or _SQLITE_FULL in str(error)


def _json(document: Any) -> str:
    """Return JSON as both databases take it: PostgreSQL knows no NaN."""
    return json.dumps(document, allow_nan=False)


def _one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split())


def _postgresql_engine(url: URL) -> Engine:
    patience = {name: of for name, of in _POSTGRESQL_PATIENCE.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=patience, json_serializer=_json)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        setting = "idle_in_transaction_session_timeout"
        connection.execute(f"SET {setting} = '{_IDLE_IN_TRANSACTION}'")
        connection.commit()

    return engine


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, json_serializer=_json)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # Transactions are ours to begin: Python's driver would begin them late, and upgrading a
        # reader to a writer fails at once when another writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
