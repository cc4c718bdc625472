"""Lines of a job on their way into the store."""

from __future__ import annotations

from pairloom.platform.logs.job_log_writer import JobLogWriter
from pairloom.platform.store import LogEvent, MetricPoint, Store, StoreAwayError


class LockedAtFirst(Store):
    """A store whose database is locked when the first line comes."""

    locked = True

    def append_log_events(self, stream: str, events: list[LogEvent], *, group: str) -> None:  # type: ignore[override]
        if self.locked:
            self.locked = False
            raise StoreAwayError("database is locked")
        super().append_log_events(stream, events, group=group)


def test_no_line_is_lost_while_the_database_is_locked(tmp_path: object) -> None:
    with LockedAtFirst(f"sqlite:///{tmp_path}/store.sqlite") as store:
        writer = JobLogWriter(store, "job/algo-1-0", {"TrainingJobName": "job"},
                              lambda line: [("length", float(len(line)))])  # fmt: skip
        for line in ("one", "three"):
            writer.line(line)
        writer.close()
        kept = [event.message for event in store.log_events("job/algo-1-0")]
        points = store.metrics({"TrainingJobName": "job"})
    assert kept == ["one", "three"]
    assert [point.value for point in points] == [3, 5]
    assert isinstance(points[0], MetricPoint)
