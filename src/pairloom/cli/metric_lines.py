"""Named numbers as lines of text."""

from __future__ import annotations

from collections.abc import Mapping


def metric_lines(metrics: Mapping[str, float]) -> str:
    """Return one line per metric, the values below each other."""
    width = max(map(len, metrics), default=0)
    return "\n".join(f"{name:<{width}}  {_number(value)}" for name, value in metrics.items())


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
