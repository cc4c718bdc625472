"""The metric definitions that SageMaker adds to jobs of factorization machines."""

from __future__ import annotations

from typing import Final

_MEASURES: Final = {  # by name: how the log writes it, and as what
    "rmse": ("rmse", "loss"),
    "mse": ("mse", "loss"),
    "absolute_loss": ("absolute_loss", "loss"),
    "binary_classification_accuracy": ("binary_classification_accuracy", "score"),
    "binary_classification_cross_entropy": ("binary_classification_cross_entropy", "loss"),
    "binary_f_beta": ("binary_f_1.000", "score"),
}
_PLACES: Final = {
    "test:{}": "test",
    "train:{}": "train",
    "train:{}:epoch": r"epoch=\S+, train",
    "train:{}:batch": r"epoch=\S+, batch=\S+ train",
}


def metric_definitions() -> list[dict[str, str]]:
    """Return all 26, as DescribeTrainingJob does."""
    definitions = {
        "train:progress": r"#progress_metric: host=\S+, completed (\S+) %",
        "train:throughput": r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
    }
    for name, (written, kind) in _MEASURES.items():
        for pattern, place in _PLACES.items():
            regex = rf"#quality_metric: host=\S+, {place} {written} <{kind}>=(\S+)"
            definitions[pattern.format(name)] = regex
    return [{"Name": name, "Regex": regex} for name, regex in definitions.items()]
