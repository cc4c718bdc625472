"""Whether a look into the database is worth it: several processes look many times a second."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Final

_LONGEST_SECONDS: Final = 1.0  # leases run out and days pass without a change


class ChangeWatch:
    """Says when to look; belongs to one thread at a time.

    Parameters
    ----------
    sqlite_file
        None where the database cannot say cheaply whether it has changed.
    """

    def __init__(self, sqlite_file: str | None) -> None:
        self._connection = None if sqlite_file is None else _reader(sqlite_file)
        self._version: int | None = None
        self._looked = 0.0

    def is_due(self) -> bool:
        """Return whether the database was written to, or a second has passed, since it last was.

        Ask before the look: what is written meanwhile makes the next one due.
        """
        version, now = self._data_version(), time.monotonic()
        is_same = version is not None and version == self._version
        if is_same and now - self._looked < _LONGEST_SECONDS:
            return False
        self._version, self._looked = version, now
        return True

    def close(self) -> None:
        """Close its own connection; a look is always due from then on."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _data_version(self) -> int | None:
        if self._connection is None:
            return None
        try:
            with closing(self._connection.execute("PRAGMA data_version")) as found:
                return int(found.fetchone()[0])
        except sqlite3.Error:  # the look itself will say what is wrong
            return None


def _reader(file: str) -> sqlite3.Connection:
    return sqlite3.connect(file, check_same_thread=False, isolation_level=None)
