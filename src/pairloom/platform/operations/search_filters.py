"""Search's filters, over records in the members of the API."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pairloom.platform.operations.platform import Members
from pairloom.platform.protocol.errors import ApiError, validation_error
from pairloom.platform.protocol.json_members import read_time

Comparison: TypeAlias = Callable[[Any, Any], bool]

_TIMES: Final = frozenset(
    {
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "StartTime",
        "EndTime",
        "Timestamp",
    }
)
_ORDERS: Final[Mapping[str, Comparison]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def matches(record: Members, expression: Members) -> bool:
    """Return whether a record fulfils an expression; one without filters is always fulfilled."""
    verdicts = [
        *(_fulfils(record, entry) for entry in expression.get("Filters", [])),
        *(_fulfils_nested(record, entry) for entry in expression.get("NestedFilters", [])),
        *(matches(record, entry) for entry in expression.get("SubExpressions", [])),
    ]
    if not verdicts:
        return True
    return any(verdicts) if expression.get("Operator") == "Or" else all(verdicts)


def values_at(record: Any, path: str) -> list[Any]:
    """Return what a record holds at a path like `ResourceConfig.InstanceCount`, lists opened.

    A hyperparameter's, a metric's or a tag's own name may hold dots.
    """
    if isinstance(record, list):
        return [value for item in record for value in values_at(item, path)]
    if not path:
        return [record]
    if not isinstance(record, Mapping):
        return []
    found = []
    for name, value in record.items():
        if path == name:
            found += values_at(value, "")
        elif path.startswith(f"{name}."):
            found += values_at(value, path[len(name) + 1 :])
    return found


def _fulfils_nested(record: Members, nested: Members) -> bool:
    """Return whether one item of a list fulfils every filter."""
    path = nested["NestedPropertyName"]
    return any(
        all(
            _fulfils(item, {**entry, "Name": entry["Name"].removeprefix(f"{path}.")})
            for entry in nested["Filters"]
        )
        for item in values_at(record, path)
        if isinstance(item, Mapping)
    )


def _fulfils(record: Any, entry: Members) -> bool:
    name, kind = entry["Name"], entry.get("Operator", "Equals")
    found = values_at(record, name)
    if kind in {"Exists", "NotExists"}:
        if "Value" in entry:
            raise validation_error(f"filter {name!r}: {kind} takes no Value")
        return bool(found) is (kind == "Exists")
    if "Value" not in entry:
        raise validation_error(f"filter {name!r}: {kind} needs a Value")
    wanted = entry["Value"]
    if kind == "NotEquals":
        return not any(_equal(name, value, wanted) for value in found)
    return any(_compared(kind, name, value, wanted) for value in found)


def _compared(kind: str, name: str, value: Any, wanted: str) -> bool:
    if kind == "Equals":
        return _equal(name, value, wanted)
    if kind == "In":
        return any(_equal(name, value, part.strip()) for part in wanted.split(","))
    if kind == "Contains":
        return isinstance(value, str) and wanted.lower() in value.lower()
    left, right = _number(name, value), _number(name, wanted)
    return left is not None and right is not None and bool(_ORDERS[kind](left, right))


def _equal(name: str, value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == wanted.lower()
    if isinstance(value, str):
        return bool(value == wanted)
    left, right = _number(name, value), _number(name, wanted)
    return left is not None and left == right


def _number(name: str, value: Any) -> float | None:
    if name.rpartition(".")[2] in _TIMES and isinstance(value, str):
        try:
            return read_time(value, name)
        except ApiError:
            raise validation_error(f"filter {name!r}: {value[:40]!r} is no time") from None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def sort_key(record: Members, path: str) -> tuple[bool, float, str]:
    """Return what records are ordered by; those without a value come first."""
    found = values_at(record, path)
    if not found:
        return (False, 0.0, "")
    number = _number("", found[0])
    return (True, 0.0 if number is None else number, str(found[0]))
