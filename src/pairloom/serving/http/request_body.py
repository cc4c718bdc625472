"""The bytes of a request, no more of them than the server takes."""

from __future__ import annotations

from starlette.types import Message, Receive

from pairloom.serving.http.answers import ClientGoneError, PayloadTooLargeError


async def read_body(receive: Receive, declared: bytes | None, max_bytes: int) -> bytes:
    """Return the whole body; `declared` is its length as the client gave it.

    Raises
    ------
    PayloadTooLargeError
        At the first byte too many, or before any if the client told.
    ClientGoneError
        The connection ended before the body.
    """
    if declared is not None and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    message = await receive()
    body = _bytes_of(message)
    if not message.get("more_body", False):
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        return body
    pieces, total = [body], len(body)
    while message.get("more_body", False):
        if total > max_bytes:
            raise _too_large(max_bytes)
        message = await receive()
        piece = _bytes_of(message)
        pieces.append(piece)
        total += len(piece)
    if total > max_bytes:
        raise _too_large(max_bytes)
    return b"".join(pieces)


def _bytes_of(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    return body


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {max_bytes} bytes, the most taken")
