"""Roles that clients made."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy.exc import IntegrityError

from pairloom.platform.store.database import Database
from pairloom.platform.store.records import AlreadyExistsError, Role
from pairloom.platform.store.tables import RoleRow


class Roles:
    """The roles of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_role(self, name: str, request: dict[str, Any]) -> Role:
        """Keep a new role.

        Raises
        ------
        AlreadyExistsError
            A role has this name.
        """
        now = time.time()
        try:
            with self._database.writing() as session:
                session.add(RoleRow(name=name, request=request, created_at=now))
        except IntegrityError:
            raise AlreadyExistsError(f"a role is named {name!r} already") from None
        return Role(name=name, request=request, created_at=now)

    def role(self, name: str) -> Role | None:
        """Return a role, or None if there is none of this name."""
        with self._database.reading() as session:
            row = session.get(RoleRow, name)
            if row is None:
                return None
            return Role(name=row.name, request=row.request, created_at=row.created_at)
