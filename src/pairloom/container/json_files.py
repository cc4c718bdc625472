"""JSON objects that a container is configured with, which anyone may have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pairloom.errors import DataFormatError

_LONGEST_SHOWN = 60


def read_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises
    ------
    DataFormatError
        It holds something else, or a name twice.
    """
    try:
        document = json.loads(path.read_bytes(), object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"{path}: not readable as JSON: {error}") from error
    return as_object(path, "it", document)


def as_object(path: Path, place: str, value: object) -> dict[str, Any]:
    """Return an object of a file, or say what stands in its place."""
    if not isinstance(value, dict):
        raise malformed(path, place, value, "an object")
    return value


def as_text(path: Path, place: str, value: object) -> str:
    """Return text of a file, or say what stands in its place."""
    if not isinstance(value, str):
        raise malformed(path, place, value, "text")
    return value


def malformed(path: Path, place: str, value: object, expected: str) -> DataFormatError:
    """Return the error that names file, place, value and rule."""
    shown = " ".join(repr(value).split())[:_LONGEST_SHOWN]
    return DataFormatError(f"{path}: {place} is {shown}; expected {expected}")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:_LONGEST_SHOWN]!r} stands twice in one object")
    return document
