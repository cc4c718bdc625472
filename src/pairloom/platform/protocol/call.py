"""Which operation of which service a request asks for, and in which dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

from pairloom.platform.protocol.errors import ApiError, unreadable
from pairloom.platform.protocol.json_members import read_json
from pairloom.platform.protocol.query_members import read_query
from pairloom.platform.protocol.request import ApiRequest
from pairloom.platform.protocol.rest_members import REST_SERVICE, find_operation, read_rest
from pairloom.platform.protocol.services import operation_model, service_model, signing_names
from pairloom.platform.protocol.validation import validate

FORM_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 10_000


class Dialect(Enum):
    """The protocol of a request, and so of its answer."""

    JSON_1_0 = "application/x-amz-json-1.0"
    JSON_1_1 = "application/x-amz-json-1.1"
    QUERY = "text/xml"
    REST_JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """An operation that is asked for.

    Attributes
    ----------
    service
        botocore's name of it; empty when no service of ours is meant.
    signing_name
        What the request must be signed for; empty when any will do.
    operation
        As the client named it, or as its path does.
    in_path
        The members that the path holds.
    """

    service: str
    signing_name: str
    operation: str
    dialect: Dialect
    request: ApiRequest
    in_path: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def model(self) -> Any:
        """Botocore's model of the operation, or None if the service has no such operation."""
        return operation_model(self.service, self.operation) if self.service else None

    def members(self) -> dict[str, Any]:
        """Return the input, checked against the operation's model; times are seconds.

        Raises
        ------
        ApiError
            The body cannot be read, or a member breaks its rule.
        """
        shape = self.model.input_shape
        if self.dialect is Dialect.QUERY:
            fields = _fields(self.request)
            read = read_query(shape, [one for one in fields if one[0] not in _ENVELOPE])
        elif self.dialect is Dialect.REST_JSON:
            read = read_rest(shape, self.request, self.in_path)
        else:
            read = read_json(shape, self.request.body)
        if shape is not None:
            validate(shape, read)
        return read


_ENVELOPE: Final = {"Action", "Version"}


def route(request: ApiRequest) -> Call:
    """Return what a request asks for, without reading its input."""
    found = find_operation(request.method, request.path)
    if found is not None:  # first of all: its body and type are its model's, a form among them
        return _rest_call(request, *found)
    target = request.header("x-amz-target")
    if target is not None:
        return _json_call(request, target)
    is_form = (request.header("content-type") or "").split(";")[0].strip().lower() == FORM_TYPE
    if is_form or "Action=" in request.query:
        return _query_call(request)
    return Call("", "", f"{request.method} {request.path}", Dialect.JSON_1_1, request)


def _rest_call(request: ApiRequest, operation: str, in_path: dict[str, str]) -> Call:
    signing_name = service_model(REST_SERVICE).signing_name
    return Call(REST_SERVICE, signing_name, operation, Dialect.REST_JSON, request, in_path)


def _json_call(request: ApiRequest, target: str) -> Call:
    content_type = (request.header("content-type") or "").split(";")[0].strip()
    is_older = content_type == Dialect.JSON_1_0.value
    dialect = Dialect.JSON_1_0 if is_older else Dialect.JSON_1_1
    prefix, _, operation = target.rpartition(".")
    for names in signing_names():
        if prefix and names.target_prefix == prefix:
            return Call(names.service, names.signing_name, operation, dialect, request)
    return Call("", "", target, dialect, request)


def _query_call(request: ApiRequest) -> Call:
    try:
        fields = dict(_fields(request))
    except ApiError:
        fields = {}
    action = fields.get("Action", "")
    for names in signing_names():
        if names.version == fields.get("Version") and names.service in _QUERY_SERVICES:
            return Call(names.service, names.signing_name, action, Dialect.QUERY, request)
    return Call("", "", action or f"{request.method} {request.path}", Dialect.QUERY, request)


_QUERY_SERVICES: Final = ("cloudwatch", "sts", "iam")


def _fields(request: ApiRequest) -> list[tuple[str, str]]:
    try:
        text = request.body.decode("ascii") if request.body else request.query
        fields = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise unreadable(f"the body is no form: {error}") from error
    return [one for one in fields if not one[0].startswith("X-Amz-")]
