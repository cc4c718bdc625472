"""Answers without empty structures, which AWS never sends and clients choke on."""

from __future__ import annotations

from typing import Any


def without_empty(value: Any) -> Any:
    """Return members without those that are None, or hold nothing but such."""
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [without_empty(item) for item in value] or None
    return value
