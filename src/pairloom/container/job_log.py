"""The log of a job: lines as SageMaker's algorithms write them, on standard output."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

ALGORITHM = "factorization-machines"

_LOGGER = logging.getLogger("pairloom")


@contextmanager
def logging_to(stream: TextIO) -> Iterator[None]:
    """Let everything that is logged or warned of go to one stream, each line at once."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_LineFormatter())
    handlers, level, propagates = _LOGGER.handlers[:], _LOGGER.level, _LOGGER.propagate
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _log_warning
            yield
    finally:
        _LOGGER.handlers[:] = handlers
        _LOGGER.setLevel(level)
        _LOGGER.propagate = propagates


class _LineFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("[%(asctime)s %(levelname)s %(thread)d] %(message)s", "%m/%d/%Y %H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """Keep a message, which may name what a user wrote, on one line."""
        record.message = " ".join(record.message.splitlines())
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        if record.name == JobLog.METRICS:
            return record.getMessage()
        return super().format(record)


@dataclass(frozen=True, slots=True)
class Samples:
    """What a `#metrics` line says of one number, taken once or more often."""

    sum: float
    count: int
    min: float
    max: float

    @classmethod
    def one(cls, value: float) -> Samples:
        """Return what it says of a number taken once."""
        return cls(value, 1, value, value)


class JobLog:
    """Writes the lines of one host's job."""

    METRICS = "pairloom.metrics"

    def __init__(self, host: str) -> None:
        self.host = host
        self._metrics = logging.getLogger(self.METRICS)

    def info(self, message: str) -> None:
        _LOGGER.info("%s", message)

    def warning(self, message: str) -> None:
        _LOGGER.warning("%s", message)

    def quality(self, name: str, value: float, *, of: str) -> None:
        """Say one metric; `of` names part and place, as in `epoch=0, train`."""
        kind = "score" if is_score(name) else "loss"
        self.info(f"#quality_metric: host={self.host}, {of} {name} <{kind}>={value}")

    def seconds(self, name: str, began: float) -> None:
        """Write a `#metrics` line of the time, in milliseconds, since `began`."""
        self.metrics({name: Samples.one(1000 * (time.time() - began))}, began)

    def metrics(self, values: Mapping[str, Samples], started: float, **dimensions: object) -> None:
        """Write a `#metrics` line of numbers taken since `started`, in seconds since 1970."""
        document = {
            "StartTime": started,
            "EndTime": time.time(),
            "Dimensions": {
                "Algorithm": ALGORITHM,
                "Host": self.host,
                "Operation": "training",
                **dimensions,
            },
            "Metrics": {
                name: {"sum": of.sum, "count": of.count, "min": of.min, "max": of.max}
                for name, of in values.items()
            },
        }
        self._metrics.info("#metrics %s", json.dumps(document))


def is_score(name: str) -> bool:
    """Say whether more of a metric is better; of a loss, less is."""
    return name in {"binary_classification_accuracy", "auc"} or name.startswith("binary_f_")


def _log_warning(message: Warning | str, *_: object, **__: object) -> None:
    _LOGGER.warning("%s", message)
