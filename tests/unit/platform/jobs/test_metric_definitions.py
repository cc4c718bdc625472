"""The metrics of a job's log."""

from __future__ import annotations

from contract.metric_definitions import METRIC_DEFINITIONS
from pairloom.platform.jobs.metric_definitions import (
    ALL_DEFINITIONS,
    SAGEMAKER_DEFINITIONS,
    MetricReader,
)


def test_definitions_are_those_that_sagemaker_returns() -> None:
    assert dict(SAGEMAKER_DEFINITIONS) == METRIC_DEFINITIONS


def test_values_are_read_by_name() -> None:
    read = MetricReader(ALL_DEFINITIONS).read
    prefix = "[11/23/2026 06:06:36 INFO 1] #quality_metric: host=algo-1, "
    assert read(f"{prefix}epoch=0, batch=0 train rmse <loss>=3.5") == [("train:rmse:batch", 3.5)]
    assert read(f"{prefix}epoch=0, validation auc <score>=0.5") == [("validation:auc", 0.5)]
    assert read(f"{prefix}test mse <loss>=nan") == []
    assert read("#metrics {}") == []


def test_definition_that_is_no_expression_or_has_no_group_finds_nothing() -> None:
    assert MetricReader({"broken": "(", "whole": "x", "value": "x=(.*)"}).read("x=1") == [
        ("value", 1.0)
    ]
