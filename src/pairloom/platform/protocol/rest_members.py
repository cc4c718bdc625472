"""The REST protocol: members in the path, in headers and as the whole body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

from pairloom.platform.protocol.errors import unreadable
from pairloom.platform.protocol.request import ApiRequest
from pairloom.platform.protocol.services import service_model

REST_SERVICE: Final = "sagemaker-runtime"
_LABEL: Final = re.compile(r"\\\{(\w+)\\\}")


def find_operation(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """Return the operation that has a path, and the members in it; None if none has it."""
    for name, its_method, pattern in _paths():
        match = pattern.fullmatch(path) if method == its_method else None
        if match is not None:
            return name, {label: unquote(value) for label, value in match.groupdict().items()}
    return None


@cache
def _paths() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    model = service_model(REST_SERVICE)
    operations = ((name, model.operation_model(name).http) for name in model.operation_names)
    return tuple((name, http["method"], _pattern(http["requestUri"])) for name, http in operations)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_LABEL.sub(r"(?P<\1>[^/]+)", re.escape(template)))


def read_rest(shape: Any, request: ApiRequest, in_path: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a request.

    Raises
    ------
    ApiError
        A header that is a number holds none.
    """
    found = {name.lower(): value for name, value in reversed(request.headers)}
    read: dict[str, Any] = dict(in_path)
    for header, name, kind in _headers(shape):
        if header in found:
            read[name] = _header_value(kind, found[header], name)
    read[shape.serialization["payload"]] = request.body
    return read


def _header_value(kind: str, text: str, name: str) -> str | int:
    if kind != "integer":
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise unreadable(f"{name}: is {text[:40]!r}; must be an integer")
    return int(text)


def write_rest(shape: Any, output: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Return the headers, in lower case, and the body of an output; None leaves a member out."""
    written = {
        header: str(output[name])
        for header, name, _ in _headers(shape)
        if output.get(name) is not None
    }
    return written, output[shape.serialization["payload"]]


@cache
def _headers(shape: Any) -> tuple[tuple[str, str, str], ...]:
    """Return header, member and type of what a shape keeps in headers."""
    return tuple(
        (member.serialization["name"].lower(), name, member.type_name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    )
