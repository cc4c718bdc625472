from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from pairloom.errors import PlatformError, UserError
from pairloom.platform.store import (
    AlreadyExistsError,
    LogEvent,
    MetricPoint,
    NotFoundError,
    StatisticSet,
    Store,
)
from pairloom.platform.store.tables import Table

JOB = {"TrainingJobName": "fm"}
STREAM = "fm/algo-1-1795417419"
LEASE_ALL = """
import sys
from pairloom.platform.store import Store

with Store(sys.argv[1]) as store:
    while job := store.lease_training_job(sys.argv[2], 60):
        store.transition(job.name, "Completed", "", runner_id=sys.argv[2])
        print(job.name)
"""


def test_migrations_make_the_tables_that_the_models_declare(url: str, store: Store) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_processes_that_start_at_once_share_the_jobs_without_doubling_one(url: str) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", LEASE_ALL, url, f"runner-{index}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(3)
    ]
    with Store(url) as store:
        for index in range(30):
            store.create_training_job(f"job-{index}", {})
        taken: list[str] = []
        for program in programs:
            output, errors = program.communicate(timeout=60)
            assert (program.returncode, errors) == (0, "")
            taken += output.split()
        while job := store.lease_training_job("last", 60):
            taken.append(job.name)
    assert sorted(taken) == sorted(f"job-{index}" for index in range(30))


def test_threads_that_write_at_once_wait_for_each_other(store: Store) -> None:
    def write(index: int) -> None:
        for number in range(10):
            store.append_log_events(STREAM, [LogEvent(f"{index} {number}", 1.0)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    messages = [event.message for event in store.log_events(STREAM)]
    assert len(messages) == 40
    for index in range(4):
        assert [text for text in messages if text.startswith(f"{index} ")] == [
            f"{index} {number}" for number in range(10)
        ]


def test_all_is_there_after_opening_again(url: str, store: Store) -> None:
    store.create_training_job("fm", {"TrainingJobName": "fm"})
    store.close()
    with Store(url) as again:
        assert again.training_job("fm") is not None


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://localhost/x", "database URL names 'mysql'; must be sqlite or postgresql"),
        ("no url", "database URL cannot be used"),
        ("postgresql+nothing://localhost/x", "database URL cannot be used"),
    ],
)
def test_url_of_another_kind_is_refused(url: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Store(url)


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "platform.sqlite"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(PlatformError, match=r"platform\.sqlite cannot be used: file is not a"):
        Store(f"sqlite:///{file}")


def test_database_of_a_later_version_is_refused(url: str, store: Store) -> None:
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(PlatformError, match="made by another version of Pairloom"):
        Store(url)


def test_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as raised:
        Store("postgresql+psycopg://someone:secret@127.0.0.1:1/x?connect_timeout=2")
    assert "secret" not in str(raised.value)


def test_log_events_keep_their_order_and_are_cut_where_asked(store: Store) -> None:
    store.append_log_events(STREAM, [LogEvent(str(time), float(time)) for time in range(10)])
    store.append_log_events("fm/algo-2-1", [LogEvent("other", 3.0)])

    def messages(**cut: float | bool) -> list[str]:
        return [event.message for event in store.log_events(STREAM, **cut)]  # type: ignore[arg-type]

    assert messages() == [str(time) for time in range(10)]
    assert messages(limit=2) == ["0", "1"]
    assert messages(limit=2, newest=True) == ["8", "9"]
    assert messages(start=7.0, end=9.0) == ["7", "8"]
    ids = [event.id for event in store.log_events(STREAM)]
    assert messages(after_id=ids[7]) == ["8", "9"]
    assert messages(before_id=ids[2]) == ["0", "1"]
    both = store.log_events([STREAM, "fm/algo-2-1"], start=3.0, end=4.0)
    assert [event.stream for event in both] == [STREAM, "fm/algo-2-1"]


def test_log_streams_know_their_times(store: Store) -> None:
    store.append_log_events(STREAM, [])
    store.append_log_events("fm/algo-2-1", [LogEvent("a", 5.0), LogEvent("b", 2.0)])
    store.append_log_events("other/algo-1-1", [LogEvent("a", 5.0)])
    empty, filled = store.log_streams(prefix="fm/")
    assert (empty.first_event_at, empty.last_event_at, empty.ingested_at) == (None, None, None)
    assert (filled.first_event_at, filled.last_event_at) == (2.0, 5.0)
    assert store.log_streams(group="/none") == []
    with pytest.raises(NotFoundError, match="has no stream 'fm/none'"):
        store.log_events("fm/none")


def test_metrics_are_found_by_series_and_time(store: Store) -> None:
    points = [MetricPoint("train:rmse", 4.0 - time, float(time)) for time in range(3)]
    store.append_metrics(JOB, points[::-1])
    store.append_metrics({"TrainingJobName": "other"}, points)
    store.append_metrics(JOB, [MetricPoint("test:rmse", 1.0, 9.0)])
    assert store.metrics(JOB, "train:rmse") == points
    assert store.metrics(JOB, "train:rmse", start=1.0, end=2.0) == points[1:2]
    assert len(store.metrics(JOB)) == 4
    assert store.metrics(JOB, namespace="/other") == []


def statistic_set(timestamp: float, count: int) -> StatisticSet:
    return StatisticSet(
        name="Invocations", timestamp=timestamp, count=count, total=2.5, minimum=0.5, maximum=1.5
    )


def test_statistic_sets_are_those_of_all_sources_the_last_of_each(store: Store) -> None:
    about = {"VariantName": "A", "EndpointName": "digits"}
    for source, timestamp, count in (("a", 60.0, 1), ("a", 60.0, 3), ("b", 60.0, 2), ("a", 120, 4)):
        sets = [(about, statistic_set(timestamp, count))]
        store.keep_statistic_sets(sets, namespace="AWS/SageMaker", source=source)
    asked = {"EndpointName": "digits", "VariantName": "A"}, "Invocations"

    assert store.statistic_sets(*asked, namespace="AWS/SageMaker", start=60, end=120) == [
        statistic_set(60.0, 3),
        statistic_set(60.0, 2),
    ]
    assert store.statistic_sets(about, "Latency", namespace="AWS/SageMaker") == []
    assert store.statistic_sets(*asked, namespace="other") == []
    store.forget_statistic_sets(before=120.0)
    assert store.statistic_sets(*asked, namespace="AWS/SageMaker") == [statistic_set(120.0, 4)]


def test_tags_are_set_changed_and_taken_away(store: Store) -> None:
    store.add_tags("arn:a", {"team": "one", "cost": "1"})
    store.add_tags("arn:a", {"team": "two"})
    store.add_tags("arn:b", {"team": "three"})
    store.delete_tags("arn:a", ["cost", "absent"])
    assert store.tags("arn:a") == {"team": "two"}
    assert store.tags("arn:b") == {"team": "three"}


def test_changes_made_together_are_kept_all_or_not_at_all(store: Store) -> None:
    def make(name: str, error: Exception | None = None) -> None:
        with store.together():
            store.add_tags(f"arn:{name}", {"team": "one"})
            store.create_training_job(name, {})
            assert store.training_job(name) is not None
            assert store.tags(f"arn:{name}") == {"team": "one"}
            if error:
                raise error

    make("kept")
    with pytest.raises(RuntimeError):
        make("lost", RuntimeError())
    store.delete_tags("arn:kept", ["team"])
    with pytest.raises(AlreadyExistsError):
        make("kept")
    assert [job.name for job in store.training_jobs()] == ["kept"]
    assert store.all_tags() == {}
    make("lost")


def test_role_is_made_once(store: Store) -> None:
    made = store.create_role("fm", {"RoleName": "fm", "Path": "/"})
    assert store.role("fm") == made
    assert store.role("other") is None
    with pytest.raises(AlreadyExistsError, match="a role is named 'fm' already"):
        store.create_role("fm", {})
