"""The metrics of a job's log."""

from __future__ import annotations

from contract.metric_definitions import METRIC_DEFINITIONS
from pairloom.platform.jobs.metric_definitions import (
    SAGEMAKER_DEFINITIONS,
    MetricReader,
)


def test_definitions_are_those_that_sagemaker_returns() -> None:
    assert dict(SAGEMAKER_DEFINITIONS) == METRIC_DEFINITIONS


def test_values_are_read_by_name() -> None:
    read = MetricReader({}).read
    prefix = "[11/23/2026 06:06:36 INFO 1] #quality_metric: host=algo-1, "
    assert read(f"{prefix}epoch=0, batch=0 train rmse <loss>=3.5") == [("train:rmse:batch", 3.5)]
    assert read(f"{prefix}epoch=0, validation auc <score>=0.5") == [("validation:auc", 0.5)]
    assert read(f"{prefix}test mse <loss>=nan") == []
    assert read("#metrics {}") == []


def test_line_is_read_by_every_definition() -> None:
    both = {"whole": "x", "value": "x=(.*)", "digit": r"x=(\d)"}
    assert MetricReader(both).read("x=12") == [("value", 12.0), ("digit", 1.0)]


def test_given_definition_stands_before_ours_of_the_same_name() -> None:
    line = "#quality_metric: host=algo-1, test mse <loss>=3.5, of 7 rows"
    assert MetricReader({"test:mse": r"of (\d+) rows"}).read(line) == [("test:mse", 7.0)]
