"""What a run tells while it trains, as the lines from which SageMaker takes its metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pairloom.container.job_log import JobLog, Samples
from pairloom.training import (
    BatchEvent,
    EpochEvent,
    ProgressEvent,
    ResumedEvent,
    TrainingEvent,
)


class TrainingLines:
    """Writes the lines of one run's events."""

    def __init__(self, log: JobLog, epochs: int) -> None:
        self._log = log
        self._epochs = epochs
        self._seen = RowsSeen()
        self._batches = 0
        self._epoch_started = time.time()

    def __call__(self, event: TrainingEvent) -> None:
        """Write what one event has to say."""
        if isinstance(event, BatchEvent):
            place = f"epoch={event.epoch}, batch={event.batch} train"  # no comma after the batch
            self._quality(event.metrics, of=place)
        elif isinstance(event, ProgressEvent):
            self._batches = event.batches_done
        elif isinstance(event, EpochEvent):
            self._epoch(event)
        elif isinstance(event, ResumedEvent):
            self._log.info(
                f"Going on from checkpoint {event.checkpoint}: epoch={event.epoch}, after "
                f"{event.rows_done} rows of it"
            )

    def trained(self, metrics: Mapping[str, float]) -> None:
        """Write the train metrics of the run."""
        self._quality(metrics, of="train")

    def tested(self, metrics: Mapping[str, float], seen: RowsSeen) -> None:
        """Write the test metrics of the run."""
        self._log.metrics(seen.samples(), self._epoch_started, Meta="test_data_iter")
        for name, value in metrics.items():
            self._log.info(f"#test_score ({self._log.host}) : ('{name}', {value})")
        self.quality_of_test(metrics)

    def quality_of_test(self, metrics: Mapping[str, float]) -> None:
        """Write test metrics alone, as after each epoch under tuning."""
        self._quality(metrics, of="test")

    def _epoch(self, event: EpochEvent) -> None:
        place = f"epoch={event.epoch}"
        self._quality(event.train, of=f"{place}, train")
        self._quality(event.validation, of=f"{place}, validation")
        log, started = self._log, self._epoch_started
        values = {
            "epochs": Samples(float(self._epochs), 1, self._epochs, self._epochs),
            "update.time": Samples.one(event.seconds * 1000),
        }
        log.metrics(values, started)
        done = 100 * (event.epoch + 1) / self._epochs
        log.info(f"#progress_metric: host={log.host}, completed {done} % of epochs")
        self._seen.add(event.rows, self._batches)
        log.metrics(self._seen.samples(), started, epoch=event.epoch, Meta="training_data_iter")
        throughput = event.rows / max(event.seconds, 1e-9)
        log.info(
            f"#throughput_metric: host={log.host}, train throughput={throughput} records/second"
        )
        self._epoch_started = time.time()

    def _quality(self, metrics: Mapping[str, float], *, of: str) -> None:
        for name, value in metrics.items():
            self._log.quality(name, value, of=of)


class RowsSeen:
    """Counts of rows and mini-batches, under the names of SageMaker's data iterators."""

    def __init__(self, rows: int = 0, batches: int = 0) -> None:
        self._rows = self._most_rows = self._last_rows = rows
        self._batches = self._most_batches = self._last_batches = batches
        self._resets = 0

    def add(self, rows: int, batches: int) -> None:
        """Count one pass more."""
        self._rows += rows
        self._batches += batches
        self._last_rows, self._most_rows = rows, max(self._most_rows, rows)
        self._last_batches, self._most_batches = batches, max(self._most_batches, batches)
        self._resets += 1

    def samples(self) -> dict[str, Samples]:
        """Return the counts of a `#metrics` line."""
        counts = {
            "Total Records Seen": self._rows,
            "Total Batches Seen": self._batches,
            "Max Records Seen Between Resets": self._most_rows,
            "Max Batches Seen Between Resets": self._most_batches,
            "Reset Count": self._resets,
            "Number of Records Since Last Reset": self._last_rows,
            "Number of Batches Since Last Reset": self._last_batches,
        }
        return {name: Samples.one(float(count)) for name, count in counts.items()}
