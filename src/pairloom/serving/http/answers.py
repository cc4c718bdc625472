"""Answers in one shape: a body with its length, or `{"error": "..."}`."""

from __future__ import annotations

import json
from typing import Final

from starlette.types import Send

from pairloom.errors import UserError
from pairloom.serving.errors import NotAcceptableError, UnsupportedContentTypeError

JSON_TYPE: Final = "application/json"
INTERNAL_ERROR: Final = "internal error; the log of the server says more"


class PayloadTooLargeError(UserError):
    """The body of a request is larger than the server takes."""


class ClientGoneError(Exception):
    """The client closed its connection, or was cut off; nobody waits for an answer."""


def status_of(error: UserError) -> int:
    """Return the status of a request that failed by the client's fault."""
    if isinstance(error, PayloadTooLargeError):
        return 413
    if isinstance(error, UnsupportedContentTypeError):
        return 415
    return 406 if isinstance(error, NotAcceptableError) else 400


def error_body(message: str) -> bytes:
    """Return the body of every answer that is an error."""
    return json.dumps({"error": message}).encode()


async def send_answer(
    send: Send, body: bytes, status: int = 200, content_type: str = JSON_TYPE
) -> None:
    """Send a whole answer."""
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
