"""Tags of resources, by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pairloom.platform.store.database import Database
from pairloom.platform.store.tables import TagRow


class Tags:
    """The tags of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a resource tags; of a key that it has, the value changes."""
        with self._database.writing() as session:
            for key, value in tags.items():
                _set(session, arn, key, value)

    def tags(self, arn: str) -> dict[str, str]:
        """Return a resource's tags, by key."""
        statement = select(TagRow.key, TagRow.value).where(TagRow.arn == arn).order_by(TagRow.key)
        with self._database.reading() as session:
            return {row.key: row.value for row in session.execute(statement)}

    def all_tags(self) -> dict[str, dict[str, str]]:
        """Return the tags of every resource that has some, by ARN and key."""
        found: dict[str, dict[str, str]] = {}
        statement = select(TagRow.arn, TagRow.key, TagRow.value).order_by(TagRow.key)
        with self._database.reading() as session:
            for row in session.execute(statement):
                found.setdefault(row.arn, {})[row.key] = row.value
        return found

    def delete_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Take tags away; a key that is not there is no error."""
        with self._database.writing() as session:
            session.execute(delete(TagRow).where(TagRow.arn == arn, TagRow.key.in_(list(keys))))


def _set(session: Session, arn: str, key: str, value: str) -> None:
    try:
        with session.begin_nested():
            session.add(TagRow(arn=arn, key=key, value=value))
    except IntegrityError:  # it is there, be it since this moment
        here = (TagRow.arn == arn, TagRow.key == key)
        session.execute(update(TagRow).where(*here).values(value=value))
