"""The answer for services of AWS that this platform does not stand for: 403 as each says it."""

from __future__ import annotations

import asyncio
import json
from typing import Final

import h11

_MESSAGE: Final = "this platform answers for no other host of AWS; nothing was sent there"
_CODE: Final = "AccessDenied"
_MOST_BODY_BYTES: Final = 64 << 20
_IDLE_SECONDS: Final = 60.0


async def deny(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
    """Answer every request of a connection with 403 until the client leaves."""
    connection = h11.Connection(h11.SERVER)
    while (request := await _read_request(connection, reader, writer)) is not None:
        for event in _answer(request, host):
            data = connection.send(event)
            writer.write(data or b"")
        await writer.drain()
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> h11.Request | None:
    request: h11.Request | None = None
    num_bytes = 0
    while num_bytes <= _MOST_BODY_BYTES:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                goes_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(connection.send(goes_on) or b"")
            data = await asyncio.wait_for(reader.read(65_536), _IDLE_SECONDS)
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            num_bytes += len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return request
        else:
            return None
    return request


def _answer(request: h11.Request, host: str) -> list[h11.Event]:
    content_type, body = denial_for(host, dict(request.headers))
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    response = h11.Response(
        status_code=403, headers=[*headers, ("x-amzn-ErrorType", f"{_CODE}Exception")]
    )
    if request.method == b"HEAD":
        return [response, h11.EndOfMessage()]
    return [response, h11.Data(data=body), h11.EndOfMessage()]


def denial_for(host: str, headers: dict[bytes, bytes]) -> tuple[str, bytes]:
    """Return content type and body in the protocol that the request was made in.

    Parameters
    ----------
    host
        The service that was meant.
    headers
        Of the request, names in lower case.
    """
    if b"x-amz-target" in headers:
        kind = headers.get(b"content-type", b"application/x-amz-json-1.1").decode("latin-1")
        return kind, _as_json({"__type": f"{_CODE}Exception", "message": _MESSAGE})
    if any(label == "s3" or label.startswith("s3-") for label in host.split(".")):
        return "application/xml", _as_xml(
            f"<Error><Code>{_CODE}</Code><Message>{_MESSAGE}</Message></Error>"
        )
    if headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        return "text/xml", _as_xml(
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{_CODE}</Code>"
            f"<Message>{_MESSAGE}</Message></Error><RequestId>none</RequestId></ErrorResponse>"
        )
    return "application/json", _as_json({"message": _MESSAGE})


def _as_json(content: dict[str, str]) -> bytes:
    return json.dumps(content).encode()


def _as_xml(content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{content}'.encode()
