"""Lines of the log, whatever is written to it."""

from __future__ import annotations

import io
import logging
import warnings

from pairloom.container.job_log import JobLog, Samples, logging_to


def test_message_of_several_lines_is_one_line_of_the_log() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        JobLog("algo-1").warning("one\n#quality_metric: host=x, test rmse <loss>=0\r\nthree %s")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("] one #quality_metric: host=x, test rmse <loss>=0 three %s")


def test_warnings_and_what_the_library_logs_are_lines_of_the_log() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        warnings.simplefilter("always")
        warnings.warn("the disk is full", UserWarning, stacklevel=1)
        logging.getLogger("pairloom.formats").info("told by %s", "its name")
    first, second = stream.getvalue().splitlines()
    assert " WARNING " in first
    assert first.endswith("] the disk is full")
    assert " INFO " in second
    assert second.endswith("] told by its name")


def test_logging_is_given_back_as_it_was() -> None:
    logger = logging.getLogger("pairloom")
    before = logger.handlers[:], logger.level, logger.propagate
    with logging_to(io.StringIO()):
        pass
    assert (logger.handlers, logger.level, logger.propagate) == before


def test_metrics_line_has_no_time_in_front() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        JobLog("h").metrics({"epochs": Samples.one(2.0)}, 0.0, epoch=1)
    assert stream.getvalue().startswith('#metrics {"StartTime": 0.0, "EndTime": ')
    assert '"Metrics": {"epochs": {"sum": 2.0, "count": 1, "min": 2.0, "max": 2.0}}}\n' in (
        stream.getvalue()
    )
