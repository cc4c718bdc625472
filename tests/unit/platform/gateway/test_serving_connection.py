"""Requests to serving processes that close, break off, stay silent or answer."""

from __future__ import annotations

import asyncio
import socket

import pytest

from pairloom.platform.gateway.serving_connection import (
    Backend,
    BrokenAnswerError,
    Exchange,
    ServingAnswer,
    TooLateError,
    UnansweredError,
    UnreachableError,
)

REQUEST = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\ncontent-length: 3\r\n\r\n1.5"


def asked(answers: list[bytes | None], times: int = 1, seconds: float = 20) -> list[ServingAnswer]:
    """Ask a process that gives these answers, one a request; None is silence."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while left:
                await reader.readuntil(b"{}")
                answer = left.pop(0)
                if answer is None:
                    await reader.read()
                    break
                writer.write(answer)
                if answer != ANSWER:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def run() -> list[ServingAnswer]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        backend = Backend("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            return [await backend.ask(REQUEST, Exchange(seconds)) for _ in range(times)]
        finally:
            backend.close()
            server.close()
            await asyncio.sleep(0.02)

    return asyncio.run(run())


def test_answers_come_over_a_connection_that_is_kept() -> None:
    answers = asked([ANSWER, ANSWER], times=2)
    assert [(one.status, one.body) for one in answers] == [(200, b"1.5")] * 2
    assert answers[0].headers[b"content-type"] == b"text/csv"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", UnansweredError),
        (ANSWER[:-1], BrokenAnswerError),
        (b"HTTP/1.1 200 OK\r\nContent-Le", BrokenAnswerError),
        (b"no HTTP at all\r\n\r\n", BrokenAnswerError),
    ],
)
def test_connection_that_ends_early_says_whether_an_answer_had_begun(
    answer: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        asked([answer])


def test_silence_ends_with_the_time_of_the_exchange() -> None:
    with pytest.raises(TooLateError):
        asked([None], seconds=0.1)


def test_port_that_nothing_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    async def run() -> None:
        await Backend("127.0.0.1", port).ask(REQUEST, Exchange(5))

    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port} cannot be reached"):
        asyncio.run(run())
