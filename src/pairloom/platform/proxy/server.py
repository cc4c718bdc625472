"""The proxy: reads a CONNECT, ends TLS in the name of the host, and hands over or denies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from pairloom.platform.proxy.authority import CertificateAuthority
from pairloom.platform.proxy.denial import deny
from pairloom.platform.proxy.target import Target, Verdict, read_target

logger = logging.getLogger(__name__)

_MOST_HEAD_BYTES: Final = 16_384
_HEAD_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 65_536
_ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_FAILURES: Final = (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """Where the API listens; with a TLS context when it speaks TLS."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


class ConnectProxy:
    """Serves clients of this machine.

    Parameters
    ----------
    authority
        Signs in the name of hosts of AWS.
    api
        Gets what is meant for the hosts that it stands for, Host header and signature unchanged.
    """

    def __init__(self, authority: CertificateAuthority, api: ApiAddress) -> None:
        self._authority = authority
        self._api = api
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket) -> None:
        """Accept until cancelled."""
        listener.setblocking(False)  # noqa: FBT003
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            client.setblocking(False)  # noqa: FBT003
            connection = loop.create_task(self._serve_client(client))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

    async def _serve_client(self, client: socket.socket) -> None:
        with client, contextlib.suppress(*_FAILURES):
            head = await asyncio.wait_for(_read_head(client), _HEAD_SECONDS)
            target = read_target(head)
            if target.verdict is Verdict.REFUSE:
                await _refuse(client, target.reason)
            else:
                await self._end_tls(client, target)

    async def _end_tls(self, client: socket.socket, target: Target) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, _ESTABLISHED)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            client.dup(),
            ssl=self._authority.context_for(target.host),
            ssl_handshake_timeout=_HEAD_SECONDS,
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            if target.verdict is Verdict.HAND_OVER:
                await self._hand_over(reader, writer)
            else:
                await deny(reader, writer, target.host)
        finally:
            await _close(writer)

    async def _hand_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            api_reader, api_writer = await asyncio.open_connection(
                self._api.host, self._api.port, ssl=self._api.tls
            )
        except OSError:
            logger.warning("the API on port %d does not answer", self._api.port)
            raise
        try:
            await _pump_both(reader, writer, api_reader, api_writer)
        finally:
            await _close(api_writer)


async def _pump_both(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    api_reader: asyncio.StreamReader,
    api_writer: asyncio.StreamWriter,
) -> None:
    pumps = {
        asyncio.ensure_future(_pump(reader, api_writer)),
        asyncio.ensure_future(_pump(api_reader, writer)),
    }
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()


async def _read_head(client: socket.socket) -> bytes:
    # No byte behind the head is taken: the client's TLS begins there.
    loop = asyncio.get_running_loop()
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _MOST_HEAD_BYTES:
        byte = await loop.sock_recv(client, 1)
        if not byte:
            break
        head += byte
    return head


async def _refuse(client: socket.socket, reason: str) -> None:
    body = f"{reason}\n".encode()
    head = (
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(client, head.encode() + body)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        with contextlib.suppress(*_FAILURES):
            await asyncio.wait_for(writer.wait_closed(), 2.0)
    finally:
        writer.transport.abort()  # of a client that does not end its side of TLS
