"""JSON bodies to members and back, as botocore's shapes have them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final, NoReturn

from pairloom.platform.protocol.errors import ApiError, unreadable, validation_error

_NUMBERS: Final = {"integer": int, "long": int, "float": float, "double": float}


def read_json(shape: Any, body: bytes) -> dict[str, Any]:
    """Return the members of a body; those that are null are left out.

    Raises
    ------
    ApiError
        The body is not JSON, a value is of another type, or a member is unknown.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant) if body else {}
    except (ValueError, RecursionError) as error:
        raise unreadable(f"the body is not JSON: {error}") from error
    if shape is None:
        return {}
    members: dict[str, Any] = _read(shape, value, "")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _read(shape: Any, value: Any, path: str) -> Any:
    reader = _READERS.get(shape.type_name)
    if reader is None:
        raise validation_error(f"{path}: values of type {shape.type_name} are not read")
    return reader(shape, value, path)


def _read_structure(shape: Any, value: Any, path: str) -> dict[str, Any]:
    _expect(value, dict, "an object", path)
    by_wire_name = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
    }
    read = {}
    for wire_name, item in value.items():
        if wire_name not in by_wire_name:
            raise validation_error(f"{_join(path, wire_name)} is not a member that is known here")
        if item is not None:
            name, member = by_wire_name[wire_name]
            read[name] = _read(member, item, _join(path, wire_name))
    return read


def _read_list(shape: Any, value: Any, path: str) -> list[Any]:
    _expect(value, list, "a list", path)
    return [_read(shape.member, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _read_map(shape: Any, value: Any, path: str) -> dict[str, Any]:
    _expect(value, dict, "an object", path)
    return {
        _read_string(None, key, path): _read(shape.value, item, _join(path, key))
        for key, item in value.items()
    }


def _read_string(_: Any, value: Any, path: str) -> str:
    _expect(value, str, "a string", path)
    text: str = value
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise unreadable(f"{path or 'a name'}: holds half a character, {half!r}") from error
    return text


def _read_number(shape: Any, value: Any, path: str) -> int | float:
    kind = _NUMBERS[shape.type_name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type("a number", value, path)
    if kind is int:
        if not -(2**63) <= value < 2**63 or value != math.floor(value):
            raise unreadable(f"{path}: is {value!r:.40}; must be an integer of 64 bits")
        return int(value)
    return _finite(value, path)


def _read_boolean(_: Any, value: Any, path: str) -> bool:
    _expect(value, bool, "true or false", path)
    return bool(value)


def _read_timestamp(_: Any, value: Any, path: str) -> float:
    if isinstance(value, str):
        return read_time(value, path)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong_type("a time", value, path)
    return _finite(value, path)


def read_time(text: str, path: str) -> float:
    """Return the seconds since 1970 of a time in ISO 8601; without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        raise unreadable(f"{path}: {text[:40]!r} is no time in ISO 8601") from None


_READERS: Final[dict[str, Callable[[Any, Any, str], Any]]] = {
    "structure": _read_structure,
    "list": _read_list,
    "map": _read_map,
    "string": _read_string,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
    **dict.fromkeys(_NUMBERS, _read_number),
}


def written_json(shape: Any, value: Any) -> Any:
    """Return what `json.dumps` writes for a value of a shape; members that are None are left out.

    Raises
    ------
    KeyError
        The shape has no such member: the operation is wrong, not its caller.
    """
    kind = shape.type_name
    if kind == "structure":
        return {
            shape.members[name].serialization.get("name", name): written_json(
                shape.members[name], item
            )
            for name, item in value.items()
            if item is not None
        }
    if kind == "list":
        return [written_json(shape.member, item) for item in value]
    if kind == "map":
        return {key: written_json(shape.value, item) for key, item in value.items()}
    return round(value, 3) if kind == "timestamp" else value


def _expect(value: Any, kind: type, name: str, path: str) -> None:
    if not isinstance(value, kind):
        raise _wrong_type(name, value, path)


def _wrong_type(name: str, value: Any, path: str) -> ApiError:
    return unreadable(f"{path or 'the body'}: is {json.dumps(value)[:40]}; must be {name}")


def _finite(value: float, path: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise unreadable(f"{path}: is too large a number")
    return number


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:64]}" if path else name[:64]
