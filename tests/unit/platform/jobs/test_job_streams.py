"""The log streams of a job's hosts."""

from __future__ import annotations

from pathlib import Path

from pairloom.platform.logs.job_streams import open_streams
from pairloom.platform.store import LogEvent, Store


def test_every_host_has_a_stream_and_an_earlier_run_of_the_job_has_made_them(
    tmp_path: Path,
) -> None:
    hosts = ["algo-1", "algo-2", "algo-10"]
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        store.append_log_events("fm/algo-1-17", [LogEvent("of an earlier run", 17.0)])
        store.append_log_events("fm-2/algo-1-1", [LogEvent("of another job", 1.0)])
        for _ in range(2):
            assert open_streams(store, "fm", hosts) == "fm/algo-1-17"
        names = [stream.name for stream in store.log_streams(prefix="fm/")]
        assert [name.rpartition("-")[0] for name in names] == [f"fm/{of}" for of in sorted(hosts)]
        (event,) = store.log_events(names[-1])
        assert event.message == (
            "algo-2 has no process of its own; algo-1 trains on the data of all hosts."
        )


def test_a_job_of_one_host_begins_a_stream_by_its_first_line(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        assert open_streams(store, "fm", ["algo-1"]).startswith("fm/algo-1-")
        assert store.log_streams(prefix="fm/") == []
