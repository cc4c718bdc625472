"""Fields of the query protocol to members, and members to its XML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement

from pairloom.platform.protocol.errors import ApiError, unreadable, validation_error
from pairloom.platform.protocol.json_members import read_time

_VALUE: Final = ""  # of a node that is a leaf; no part of a field's name is empty
_BOOLEANS: Final = {"true": True, "false": False}
Tree = dict[str, Any]


def read_query(shape: Any, fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the members that fields like `Tags.member.1.Key=team` give.

    Raises
    ------
    ApiError
        A value is of another type, or a member is unknown.
    """
    root: Tree = {}
    for name, value in fields:
        node = root
        for part in name.split("."):
            if not part:
                raise unreadable(f"{name[:64]!r} is no name of a member")
            node = node.setdefault(part, {})
        node[_VALUE] = value
    if shape is None:
        return {}
    members: dict[str, Any] = _read(shape, root, "")
    return members


def _read(shape: Any, node: Tree, path: str) -> Any:
    reader = _READERS.get(shape.type_name)
    if reader is None:
        raise validation_error(f"{path}: values of type {shape.type_name} are not read")
    return reader(shape, node, path)


def _read_structure(shape: Any, node: Tree, path: str) -> dict[str, Any]:
    read = {}
    for name, below in node.items():
        where = f"{path}.{name[:64]}" if path else name[:64]
        if name not in shape.members:
            raise validation_error(f"{where} is not a member that is known here")
        read[name] = _read(shape.members[name], below, where)
    return read


def _read_list(shape: Any, node: Tree, path: str) -> list[Any]:
    if node.get(_VALUE) == "":
        return []
    member = shape.member.serialization.get("name", "member")
    items: Tree = node if shape.serialization.get("flattened") else node.get(member, {})
    numbers = [number for number in items if number.isascii() and number.isdigit()]
    if not numbers or len(numbers) != len(items):
        raise unreadable(f"{path}: must be numbered, as {path}.{member}.1")
    ordered = sorted(numbers, key=lambda number: (len(number), number))
    return [_read(shape.member, items[number], f"{path}.{number}") for number in ordered]


def _leaf(node: Tree, path: str) -> str:
    if set(node) != {_VALUE}:
        raise unreadable(f"{path}: must be one value")
    text: str = node[_VALUE]
    return text


def _read_string(_: Any, node: Tree, path: str) -> str:
    return _leaf(node, path)


def _read_integer(_: Any, node: Tree, path: str) -> int:
    try:
        value = int(_leaf(node, path))
    except ValueError:
        raise _wrong("an integer", node, path) from None
    if not -(2**63) <= value < 2**63:
        raise _wrong("an integer of 64 bits", node, path)
    return value


def _read_float(_: Any, node: Tree, path: str) -> float:
    try:
        value = float(_leaf(node, path))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong("a number", node, path)
    return value


def _read_boolean(_: Any, node: Tree, path: str) -> bool:
    value = _BOOLEANS.get(_leaf(node, path).lower())
    if value is None:
        raise _wrong("true or false", node, path)
    return value


def _read_timestamp(_: Any, node: Tree, path: str) -> float:
    return read_time(_leaf(node, path), path)


_READERS: Final[dict[str, Callable[[Any, Tree, str], Any]]] = {
    "structure": _read_structure,
    "list": _read_list,
    "string": _read_string,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
}


def _wrong(name: str, node: Tree, path: str) -> ApiError:
    return unreadable(f"{path}: is {node[_VALUE][:40]!r}; must be {name}")


def write_xml(parent: Element, shape: Any, value: dict[str, Any]) -> None:
    """Add the members of a structure to an element."""
    for name, item in value.items():
        if item is not None:
            _write(SubElement(parent, name), shape.members[name], item)


def _write(element: Element, shape: Any, value: Any) -> None:
    kind = shape.type_name
    if kind == "structure":
        write_xml(element, shape, value)
    elif kind == "list":
        for item in value:
            _write(SubElement(element, "member"), shape.member, item)
    elif kind == "map":
        for key, item in value.items():
            entry = SubElement(element, "entry")
            SubElement(entry, "key").text = key
            _write(SubElement(entry, "value"), shape.value, item)
    elif kind == "timestamp":
        time = datetime.fromtimestamp(value, timezone.utc)
        element.text = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)
