"""What SQLite and PostgreSQL do by themselves in ways of their own, and the store evens out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from pairloom.platform.store import LogEvent, Store, StoreAwayError, TrainingJobQuery, database
from pairloom.platform.store.database import Database
from unit.platform.store.postgresql_server import PostgresqlServer

STREAM = "fm/algo-1-1"


@pytest.fixture
def server_url(postgresql: PostgresqlServer) -> str:
    return postgresql.new_database()


def test_names_are_sorted_by_code_points_and_paged_without_gaps(store: Store) -> None:
    names = ["b", "B-1", "a-c", "ab", "AB", "a", "A-1", "b1"]
    for name in names:
        store.create_training_job(name, {})
    paged: list[str] = []
    query = TrainingJobQuery(sort_by="Name", limit=3)
    while page := store.training_jobs(query):
        paged += [job.name for job in page]
        after = query.place_of(page[-1])
        query = TrainingJobQuery(sort_by="Name", limit=3, after=after)
    assert paged == sorted(names)


def test_small_and_capital_letters_differ_in_names_but_not_in_what_lists_ask_for(
    store: Store,
) -> None:
    for name in ("fm", "FM"):
        store.create_training_job(name, {})
    store.append_log_events(STREAM, [LogEvent("line", 1.0)])
    assert store.log_streams(prefix="FM/") == []
    for part in ("f", "F"):
        found = store.training_jobs(TrainingJobQuery(name_contains=part))
        assert [job.name for job in found] == ["fm", "FM"]


def test_null_characters_do_no_harm(store: Store) -> None:
    store.create_training_job("fm", {"Environment": {"key": "a\0b"}})
    store.transition("fm", "Failed", "a\0b", failure_reason="a\0b")
    job = store.training_job("fm")
    assert job is not None
    assert job.request == {"Environment": {"key": "a\0b"}}
    assert job.transitions[-1].message == "a\N{REPLACEMENT CHARACTER}b"
    store.append_log_events(STREAM, [LogEvent("a\0b", 1.0)])
    assert [event.message for event in store.log_events(STREAM)] == ["a\N{REPLACEMENT CHARACTER}b"]
    assert store.training_jobs(TrainingJobQuery(name_contains="\0")) == []
    assert store.training_job("f\0m") is None


def test_first_lines_of_one_stream_may_come_from_several_writers(store: Store) -> None:
    start = threading.Barrier(4)

    def write(writer: int) -> None:
        for stream in range(5):
            start.wait(60)
            store.append_log_events(f"{STREAM}{stream}", [LogEvent(str(writer), float(writer))])
            store.add_tags("arn:a", {str(stream): str(writer)})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    for stream in range(5):
        events = store.log_events(f"{STREAM}{stream}")
        assert sorted(event.message for event in events) == ["0", "1", "2", "3"]
    streams = store.log_streams()
    assert [(of.first_event_at, of.last_event_at) for of in streams] == [(0.0, 3.0)] * 5
    assert store.tags("arn:a").keys() == set("01234")


def test_reader_sees_one_state(url: str, store: Store) -> None:
    count = text("SELECT count(*) FROM training_jobs")
    reader = Database(url)
    with reader.reading() as session:
        before = session.scalar(count)
        store.create_training_job("fm", {})
        assert session.scalar(count) == before == 0
    with reader.reading() as session:
        assert session.scalar(count) == 1
    reader.close()


def test_locked_database_is_named(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
        locking = "BEGIN IMMEDIATE"
    else:
        url += "?options=-c%20lock_timeout%3D200"
        locking = "LOCK TABLE training_jobs"
    with Store(url) as hurried, engine.connect() as other:
        other.exec_driver_sql(locking)
        with pytest.raises(StoreAwayError, match=r"the database does not answer: .*lock"):
            hurried.create_training_job("fm", {})
        other.rollback()
        hurried.create_training_job("fm", {})
    engine.dispose()
    assert store.training_job("fm") is not None


def test_store_goes_on_when_its_server_was_killed_and_started_again(
    postgresql: PostgresqlServer, server_url: str
) -> None:
    with Store(server_url) as store:
        store.create_training_job("before", {})
        postgresql.kill()
        try:
            for call in (lambda: store.training_job("before"), lambda: store.tags("arn")):
                with pytest.raises(StoreAwayError, match="the database does not answer"):
                    call()
        finally:
            postgresql.start()
        assert store.training_job("before") is not None
        store.create_training_job("after", {})


def test_runners_lease_by_the_servers_clock_whatever_their_own_say(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(server_url) as store:
        store.create_training_job("fm", {})
        assert store.lease_training_job("one", 60) is not None
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3600)  # of another machine
        assert store.lease_training_job("two", 60) is None
        record = store.renew_lease("fm", "one", 60)
        assert record.lease_until == pytest.approx(now + 60, abs=30)


def test_client_that_hangs_within_a_change_does_not_hold_others_up(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_IDLE_IN_TRANSACTION", "2s")
    hanging = Database(server_url)

    def hang_meanwhile(call: Callable[[], object]) -> None:
        with hanging.writing() as session:
            session.execute(text("SELECT * FROM training_jobs FOR UPDATE"))
            call()
            session.execute(text("SELECT 1"))

    with Store(server_url) as store:
        store.create_training_job("fm", {})
        with pytest.raises(StoreAwayError):
            hang_meanwhile(lambda: store.request_stop("fm"))
        job = store.training_job("fm")
        assert job is not None
        assert job.stop_requested
    hanging.close()
