"""The connection to SQLite or PostgreSQL: sessions that read, sessions that write, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from pairloom.errors import PlatformError, UserError

_BUSY_SECONDS: Final = 30.0
_SUPPORTED: Final = ("sqlite", "postgresql")
_MIGRATION_LOCK: Final = 0x5041_4952  # of PostgreSQL's advisory locks; any number of our own


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
        self._engine = _engine(url)
        self._writing_engine = self._engine.execution_options(writes=True)
        try:
            self._migrate()
        except DBAPIError as error:
            raise self._unusable(str(error.orig)) from error
        except CommandError as error:
            raise self._unusable(f"it was made by another version of Pairloom: {error}") from error

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session whose changes are kept if the block ends without an exception."""
        with Session(self._writing_engine) as session, session.begin():
            yield session

    def _unusable(self, reason: str) -> PlatformError:
        shown = self._engine.url.render_as_string(hide_password=True)
        self.close()
        return PlatformError(f"the database {shown} cannot be used: {reason}")

    def _migrate(self) -> None:
        # Several processes may start at once: the first to get the lock does the work.
        with self._writing_engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
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
        return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UserError(f"database URL cannot be used: {error}") from error


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # Transactions are ours to begin: Python's driver would begin them late, and upgrading a
        # reader to a writer fails at once when another writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
