"""Members against the rules that botocore's shapes declare, in the words that AWS uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from pairloom.platform.protocol.errors import validation_error

_MOST_SHOWN: Final = 5
# What Java's patterns say and Python's do not: letters, separators and numbers of all scripts, and
# classes that stand within brackets, but for ASCII.
_JAVA_CLASSES: Final = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Print}": r"\x20-\x7E",
    r"\p{ASCII}": r"[\x00-\x7F]",
    r"\z": r"\Z",
}


def validate(shape: Any, members: dict[str, Any]) -> None:
    """Check a whole input.

    Raises
    ------
    ApiError
        ValidationException, which names each member, its value and the rule it breaks.
    """
    broken = list(_structure(shape, members, ""))
    if broken:
        noun = "error" if len(broken) == 1 else "errors"
        shown = "; ".join(broken[:_MOST_SHOWN])
        raise validation_error(f"{len(broken)} validation {noun} detected: {shown}")


def _structure(shape: Any, members: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in members:
            yield _broken("null", _join(path, name), "Member must not be null")
    for name, value in members.items():
        yield from _value(shape.members[name], value, _join(path, name))


def _value(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _length(shape, value, path)
        for index, item in enumerate(value, 1):
            yield from _value(shape.member, item, f"{path}.{index}.member")
    elif kind == "map":
        yield from _length(shape, value, path)
        for key, item in value.items():
            yield from _value(shape.key, key, f"{path}.key")
            yield from _value(shape.value, item, f"{path}.{key[:64]}.member")
    elif kind == "blob":
        yield from _length(shape, value, path)
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in {"integer", "long", "float", "double"}:
        yield from _range(shape, value, path)


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    too_long = list(_length(shape, value, path))
    yield from too_long
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield _broken(value, path, f"Member must satisfy enum value set: [{allowed}]")
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not too_long and not python_pattern(pattern).fullmatch(value):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        rule = f"Member must have length greater than or equal to {least}"
        yield _broken(value, path, rule)
    if most is not None and len(value) > most:
        yield _broken(value, path, f"Member must have length less than or equal to {most}")


def _range(shape: Any, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        rule = f"Member must have value greater than or equal to {least}"
        yield _broken(value, path, rule)
    if most is not None and value > most:
        yield _broken(value, path, f"Member must have value less than or equal to {most}")


@cache
def python_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern of botocore's models as Python reads it."""
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _broken(value: Any, path: str, rule: str) -> str:
    if isinstance(value, bytes):
        return f"Value at '{path}' failed to satisfy constraint: {rule}"
    shown = "null" if value == "null" else f"'{str(value)[:256]}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"


def _join(path: str, name: str) -> str:
    # AWS names members as its own sources do: roleArn for RoleArn.
    own = name[:1].lower() + name[1:]
    return f"{path}.{own}" if path else own
