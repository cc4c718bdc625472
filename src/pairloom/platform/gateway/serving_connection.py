"""HTTP to serving processes: connections that are kept, one request on each at a time.

httptools reads the answers; a whole client library takes eight times as long for what is needed
here, and a single-row request is answered in less than that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final, cast

import httptools

from pairloom.errors import PlatformError

_CONNECT_SECONDS: Final = 2.0
_MOST_ANSWER_BYTES: Final = 256 << 20


class UnreachableError(PlatformError):
    """Nothing listens there: the request was not sent."""


class UnansweredError(PlatformError):
    """The connection ended after the request was sent, without one byte of an answer."""


class BrokenAnswerError(PlatformError):
    """The connection ended amid the answer, or what came was no answer."""


class TooLateError(PlatformError):
    """There was no whole answer in time."""


@dataclass(slots=True)
class ServingAnswer:
    """What a serving process answered; names of headers are in lower case."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


class ServingConnection(asyncio.Protocol):
    """One connection to a serving process."""

    def __init__(self) -> None:
        self.is_open = True
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[ServingAnswer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, message: bytes) -> asyncio.Future[ServingAnswer]:
        """Send a request; the future has its answer."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._answer = ServingAnswer()
        self._pieces: list[bytes] = []
        self._num_bytes = 0
        if self._transport is None or not self.is_open:
            self._fail(UnansweredError("the connection has ended"))
        else:
            self._transport.write(message)
        return self._waiting

    def end(self, error: Exception | None = None) -> None:
        """Close at once; whoever waits for an answer gets the error."""
        self.is_open = False
        if error is not None:
            self._fail(error)
        if self._transport is not None:
            self._transport.abort()

    # --- Called by asyncio ---

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.end()  # nobody has asked
            return
        self._num_bytes += len(data)
        if self._num_bytes > _MOST_ANSWER_BYTES:
            self.end(BrokenAnswerError(f"the answer is larger than {_MOST_ANSWER_BYTES} bytes"))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.end(BrokenAnswerError(f"what came is no answer: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            kind = BrokenAnswerError if self._num_bytes else UnansweredError
            self._fail(kind("the connection has ended"))

    # --- Called by httptools ---

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # there is more to come
            return
        self._answer.status = status
        self._answer.body = b"".join(self._pieces)
        if not self._parser.should_keep_alive():
            self.end()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Backend:
    """One serving process: where it listens, and the connections to it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._idle: list[ServingConnection] = []
        self._is_closed = False
        self.num_under_way = 0

    async def ask(
        self, message: bytes, exchange: Exchange, *, on_new: bool = False
    ) -> ServingAnswer:
        """Send a request and return its answer.

        Parameters
        ----------
        exchange
            Ends the wait, by its deadline or because nobody waits any more.
        on_new
            Take a connection that was never used: an idle one may be closed at any moment.

        Raises
        ------
        UnreachableError, UnansweredError, BrokenAnswerError, TooLateError
        """
        self.num_under_way += 1
        try:
            connection = (None if on_new else self._taken()) or await self._connected()
            answer = await exchange.answer_of(connection, message)
        finally:
            self.num_under_way -= 1
        if connection.is_open and not self._is_closed:
            self._idle.append(connection)
        elif connection.is_open:
            connection.end()
        return answer

    def close(self) -> None:
        """Close idle connections, and the others when they are no longer used."""
        self._is_closed = True
        for connection in self._idle:
            connection.end()
        self._idle.clear()

    def _taken(self) -> ServingConnection | None:
        while self._idle:
            connection = self._idle.pop()  # the one used last: it is the least likely to be closed
            if connection.is_open:
                return connection
        return None

    async def _connected(self) -> ServingConnection:
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(ServingConnection, *self._address)
        try:
            _, connection = await asyncio.wait_for(connecting, _CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError) as error:
            host, port = self._address
            raise UnreachableError(f"{host}:{port} cannot be reached: {error}") from error
        return connection


class Exchange:
    """One request of a client, over all attempts to have it answered.

    Parameters
    ----------
    seconds
        How long all of them may take.

    Attributes
    ----------
    variant, num_instances
        Where it goes, None until that is known, and how many processes answered there.
    model_seconds
        How long serving processes had it.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + seconds
        self._connection: ServingConnection | None = None
        self._given_up: Exception | None = None
        self.variant: str | None = None
        self.num_instances = 0
        self.model_seconds = 0.0

    @property
    def seconds_left(self) -> float:
        return self._deadline - self._loop.time()

    def give_up(self, error: Exception) -> None:
        """End the exchange: nobody waits for the answer any more."""
        self._given_up = error
        if self._connection is not None:
            self._connection.end(error)

    def refuse_given_up(self) -> None:
        """Raise what `give_up` was told, or TooLateError when the time is over."""
        if self._given_up is not None:
            raise self._given_up
        if self.seconds_left <= 0:
            raise TooLateError("there was no answer in time")

    async def answer_of(self, connection: ServingConnection, message: bytes) -> ServingAnswer:
        self._connection = connection
        try:
            self.refuse_given_up()
            late = TooLateError("there was no whole answer in time")
            timer = self._loop.call_at(self._deadline, connection.end, late)
            began = time.perf_counter()
            try:
                return await connection.ask(message)
            finally:
                self.model_seconds += time.perf_counter() - began
                timer.cancel()
        except BaseException:
            connection.end()
            raise
        finally:
            self._connection = None
