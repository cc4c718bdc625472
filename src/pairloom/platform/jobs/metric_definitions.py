"""The metrics of a training job: which there are, and their values in its log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pairloom.container.job_log import is_score
from pairloom.platform.jobs.metric_expression import MetricExpression, finite_number

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

MEASURES: Final[Mapping[str, frozenset[str]]] = {
    "regressor": frozenset({"rmse", "mse", "absolute_loss"}),
    "binary_classifier": frozenset(
        {name for name in _MEASURES if name.startswith("binary_")} | {"auc"}
    ),
}
"""What a job measures, by its predictor type; names of metrics end so."""


class MetricReader:
    """Takes the values of metrics out of the lines of a log.

    Parameters
    ----------
    given
        A user's regular expressions by the metrics' names; the first group is the value. They are
        added to `ALL_DEFINITIONS`, and stand before those of the same name.

    Raises
    ------
    UserError
        One of them is refused.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = [(name, MetricExpression(name, text)) for name, text in given.items()]
        # Python's engine may search these: it is quick with them, which of a user's nobody knows.
        ours = {name: text for name, text in ALL_DEFINITIONS.items() if name not in given}
        self._ours = [(name, re.compile(text)) for name, text in ours.items()]

    def read(self, line: str) -> list[tuple[str, float]]:
        """Return what a line says, by metric; what is no finite number says nothing."""
        line = line[:_MOST_READ_CHARACTERS]
        found = [
            (name, finite_number(match[1]))
            for name, pattern in self._ours
            if (match := pattern.search(line))
        ]
        if self._given:
            text = line.encode("utf-8", "replace")
            found += [(name, expression.value(text)) for name, expression in self._given]
        return [(name, value) for name, value in found if value is not None]
