"""The metrics of a training job: which there are, and their values in its log."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from pairloom.container.job_log import is_score

_MEASURES: Final = {
    "rmse": "rmse",
    "mse": "mse",
    "absolute_loss": "absolute_loss",
    "binary_classification_accuracy": "binary_classification_accuracy",
    "binary_classification_cross_entropy": "binary_classification_cross_entropy",
    "binary_f_beta": "binary_f_1.000",
}
_MOST_READ_CHARACTERS = 4096


def _definitions(parts: Mapping[str, str], measures: Mapping[str, str]) -> dict[str, str]:
    return {
        part.format(metric=metric): (
            rf"#quality_metric: host=\S+, {place} {written} "
            rf"<{'score' if is_score(written) else 'loss'}>=(\S+)"
        )
        for metric, written in measures.items()
        for part, place in parts.items()
    }


SAGEMAKER_DEFINITIONS: Final[Mapping[str, str]] = {
    "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
    "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
    **_definitions(
        {
            "test:{metric}": "test",
            "train:{metric}": "train",
            "train:{metric}:epoch": r"epoch=\S+, train",
            "train:{metric}:batch": r"epoch=\S+, batch=\S+ train",
        },
        _MEASURES,
    ),
}
"""The 26 that SageMaker attaches to jobs of factorization machines, by name."""

ALL_DEFINITIONS: Final[Mapping[str, str]] = {
    **SAGEMAKER_DEFINITIONS,
    **_definitions({"validation:{metric}": r"epoch=\S+, validation"}, {**_MEASURES, "auc": "auc"}),
    **_definitions(
        {"test:{metric}": "test", "train:{metric}:epoch": r"epoch=\S+, train"}, {"auc": "auc"}
    ),
}
"""Those, and what Pairloom measures besides."""


class MetricReader:
    """Takes the values of metrics out of the lines of a log.

    Parameters
    ----------
    definitions
        Regular expressions by the metrics' names; the first group is the value.
    """

    def __init__(self, definitions: Mapping[str, str]) -> None:
        self._patterns = [(name, _compiled(text)) for name, text in definitions.items()]

    def read(self, line: str) -> list[tuple[str, float]]:
        """Return what a line says, by metric; what is no finite number says nothing."""
        line = line[:_MOST_READ_CHARACTERS]
        found = []
        for name, pattern in self._patterns:
            if pattern is not None and (match := pattern.search(line)) and match.lastindex:
                value = _number(match[1])
                if value is not None:
                    found.append((name, value))
        return found


def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
