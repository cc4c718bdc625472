"""The watch that spares an idle platform most of its looks into the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pairloom.platform.store import Store, changes
from pairloom.platform.store.database import Database
from unit.platform.store.postgresql_server import PostgresqlServer


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'platform.sqlite'}"


@pytest.fixture
def hour_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_LONGEST_SECONDS", 3600.0)


@pytest.fixture
def file_store(file_url: str) -> Iterator[Store]:
    with Store(file_url) as store:
        yield store


@pytest.mark.usefixtures("hour_apart")
def test_look_is_due_first_and_then_only_after_a_change(file_store: Store, file_url: str) -> None:
    watch, another = file_store.watch(), file_store.watch()
    assert [watch.is_due() for _ in range(3)] == [True, False, False]
    file_store.create_training_job("by-the-same-store", {})
    assert [watch.is_due() for _ in range(3)] == [True, False, False]
    with Store(file_url) as other:
        other.create_training_job("by-another", {})
    assert [watch.is_due() for _ in range(3)] == [True, False, False]
    assert [another.is_due() for _ in range(3)] == [True, False, False]


@pytest.mark.usefixtures("hour_apart")
def test_lease_that_finds_nothing_makes_no_look_due(file_store: Store) -> None:
    watch = file_store.watch()
    assert watch.is_due()
    assert file_store.lease_training_job("runner", 60) is None
    assert not watch.is_due()


@pytest.mark.usefixtures("hour_apart")
def test_change_is_seen_when_it_is_kept_and_not_before(file_store: Store, file_url: str) -> None:
    watch = file_store.watch()
    assert watch.is_due()
    database = Database(file_url)
    with database.writing() as session:
        session.execute(text("DELETE FROM training_jobs"))
        session.execute(text("INSERT INTO tags (arn, key, value) VALUES ('arn', 'k', 'v')"))
        session.flush()
        assert not watch.is_due()
    assert watch.is_due()
    database.close()


def test_look_is_due_when_time_has_passed(
    file_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = file_store.watch()
    assert watch.is_due()
    monkeypatch.setattr(changes, "_LONGEST_SECONDS", 0.0)
    assert watch.is_due()


@pytest.mark.usefixtures("hour_apart")
def test_look_is_always_due_where_changes_cannot_be_told(
    postgresql: PostgresqlServer, file_url: str
) -> None:
    with Store(postgresql.new_database()) as on_server:
        watch = on_server.watch()
        assert [watch.is_due() for _ in range(3)] == [True, True, True]
    store = Store(file_url)
    watch = store.watch()
    store.close()
    assert [watch.is_due() for _ in range(3)] == [True, True, True]
