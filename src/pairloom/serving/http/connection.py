"""One client's connection: what uvicorn does, and limits on how long and how much it may send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from pairloom.serving.http.answers import error_body
from pairloom.serving.metrics import WorkerMetrics

MAX_HEAD_BYTES = 1 << 16
MAX_DISCARDED_BYTES = 1 << 28  # of a body that was answered before it ended


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long a client may take to send a request, or to take in an answer."""

    timeout_seconds: float


class LimitedConnection(HttpToolsProtocol):
    """A connection that `close_if_overdue` may be asked of at any time.

    Limits are looked at now and then over all connections: timers would cost every request.
    """

    limits: ClassVar[ConnectionLimits]
    metrics: ClassVar[WorkerMetrics]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._receiving_since: float | None = self.loop.time()
        self._unsent_since: float | None = None
        self._in_head = True
        self._head_bytes = 0
        self._discarded_bytes = 0

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"the head of a request is larger than {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._receiving_since = self.loop.time()
        self._in_head = True

    def on_headers_complete(self) -> None:
        if self._offers_upgrade():
            return
        super().on_headers_complete()
        self._in_head = False
        self._head_bytes = 0
        self._discarded_bytes = 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.cycle.response_complete:
            self._discarded_bytes += len(body)
            if self._discarded_bytes > MAX_DISCARDED_BYTES:
                self.transport.abort()

    def on_message_complete(self) -> None:
        if self._offers_upgrade():
            return
        super().on_message_complete()
        self._receiving_since = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent_since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent_since = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def close_if_overdue(self, now: float) -> None:
        """Close a connection whose client has used up its time."""
        if self._is_late(self._unsent_since, now):
            self.transport.abort()
        elif self._is_late(self._receiving_since, now):
            if self.transport.is_closing() or self._owes_an_answer_first():
                self.transport.abort()
            elif self._in_head and self._head_bytes == 0:
                self.transport.close()
            else:
                seconds = self.limits.timeout_seconds
                self._refuse(408, f"the request did not arrive within {seconds:g} seconds")

    def _parse(self, data: bytes) -> bytes:
        """Return what is still to be parsed."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser stops behind the head of a request that offers another protocol, as
            # Java's client does with HTTP/2. Without the offer it is a request like any other.
            rest = data[upgrade.args[0] :]
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            return head + rest
        return b""

    def _offers_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _is_late(self, since: float | None, now: float) -> bool:
        return since is not None and now - since > self.limits.timeout_seconds

    def _owes_an_answer_first(self) -> bool:
        """Whether words of ours would come before, or amid, an answer to another request."""
        if self._in_head:
            return bool(self.cycle) and not self.cycle.response_complete
        return self.cycle.response_started

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        self.metrics.count("other", status)
        body = error_body(message)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self.transport.close()
