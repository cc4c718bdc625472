"""The libraries that draw reports, which are an extra."""

from __future__ import annotations

from importlib.util import find_spec

HINT = "install them with `pip install 'pairloom[plots]'`"


def missing_libraries() -> list[str]:
    """Name those that are not installed."""
    return [name for name in ("matplotlib", "jinja2") if find_spec(name) is None]
