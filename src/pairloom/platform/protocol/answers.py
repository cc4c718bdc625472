"""Answers and errors, in the dialect of the request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pairloom.platform.protocol.call import Call, Dialect
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.protocol.json_members import written_json
from pairloom.platform.protocol.query_members import write_xml
from pairloom.platform.protocol.rest_members import write_rest
from pairloom.platform.protocol.services import service_model

# Where the query protocol has names of its own for what went wrong.
_QUERY_CODES: Final = {
    "IncompleteSignatureException": "IncompleteSignature",
    "InternalFailure": "InternalFailure",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "SerializationException": "MalformedQueryString",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ValidationException": "ValidationError",
}


# And where the runtime of endpoints has.
_REST_CODES: Final = {"ValidationException": "ValidationError"}


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What goes back over HTTP."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(call: Call, output: dict[str, Any], request_id: str) -> ApiAnswer:
    """Return the answer of an operation that succeeded."""
    shape = call.model.output_shape
    if call.dialect is Dialect.REST_JSON:
        headers, body = write_rest(shape, output)
        return ApiAnswer(
            200, headers.pop("content-type", "application/octet-stream"), body, headers
        )
    if call.dialect is not Dialect.QUERY:
        written = {} if shape is None else written_json(shape, output)
        body = json.dumps(written).encode() if shape is not None else b""
        return ApiAnswer(200, call.dialect.value, body)
    root = Element(f"{call.operation}Response", xmlns=_namespace(call))
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{call.operation}Result")
        write_xml(SubElement(root, wrapper), shape, output)
    SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return ApiAnswer(200, call.dialect.value, tostring(root, encoding="utf-8"))


def error_answer(call: Call, error: ApiError, request_id: str) -> ApiAnswer:
    """Return the answer of a request that was refused or failed."""
    message = str(error)
    if call.dialect is Dialect.QUERY:
        root = Element("ErrorResponse", xmlns=_namespace(call))
        about = SubElement(root, "Error")
        SubElement(about, "Type").text = "Sender" if error.status < 500 else "Receiver"
        SubElement(about, "Code").text = _QUERY_CODES.get(error.code, error.code)
        SubElement(about, "Message").text = _printable(message)
        SubElement(root, "RequestId").text = request_id
        body = tostring(root, encoding="utf-8")
        return ApiAnswer(error.status, call.dialect.value, body)
    if call.dialect is Dialect.REST_JSON:
        code = _REST_CODES.get(error.code, error.code)
        body = json.dumps({"Message": message, **error.members}).encode()
        return ApiAnswer(error.status, call.dialect.value, body, {"x-amzn-errortype": code})
    body = json.dumps({"__type": error.code, "message": message, **error.members}).encode()
    headers = {"x-amzn-errortype": error.code}
    if call.request.header("x-amzn-query-mode") == "true":
        side = "Sender" if error.status < 500 else "Receiver"
        code = _QUERY_CODES.get(error.code, error.code)
        headers["x-amzn-query-error"] = f"{code};{side}"
    return ApiAnswer(error.status, call.dialect.value, body, headers)


def _namespace(call: Call) -> str:
    if not call.service:
        return "https://pairloom.invalid/"
    namespace: str = service_model(call.service).metadata.get("xmlNamespace", "")
    return namespace


def _printable(text: str) -> str:
    # XML has no way to write most control characters.
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
