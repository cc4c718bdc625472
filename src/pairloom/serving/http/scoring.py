"""The requests that are answered with scores: as few steps as a request needs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from time import perf_counter
from typing import Final, TypeAlias

from starlette.types import Receive, Scope, Send

from pairloom.errors import UserError
from pairloom.serving.errors import UnsupportedContentTypeError
from pairloom.serving.http.answers import (
    INTERNAL_ERROR,
    ClientGoneError,
    error_body,
    send_answer,
    status_of,
)
from pairloom.serving.http.request_body import read_body
from pairloom.serving.metrics import TIMED_ROUTES, WorkerMetrics
from pairloom.serving.predictor import Answer

logger = logging.getLogger(__name__)

# From a body, its Content-Type and Accept.
Invoke: TypeAlias = Callable[[bytes, str | None, str | None], Answer]

# Scoring up to here takes no longer than the way to another thread and back.
INLINE_BYTES: Final = 1 << 16


class ScoringEndpoint:
    """An ASGI application of one route.

    Parameters
    ----------
    route
        One of `TIMED_ROUTES`.
    invoke
        Answers a body; called on many threads at once.
    max_bytes
        Largest body.
    metrics
        Counts every request.
    executor
        Runs what would hold up other requests.
    """

    def __init__(
        self,
        route: str,
        invoke: Invoke,
        max_bytes: int,
        metrics: WorkerMetrics,
        executor: Executor,
    ) -> None:
        self._route = route
        self._timed_route = TIMED_ROUTES.index(route)
        self._invoke = invoke
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._executor = executor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        metrics = self._metrics
        metrics.begin_request()
        try:
            answer, status = await self._answer(scope, receive)
        except ClientGoneError:
            return
        finally:
            metrics.end_request()
        metrics.count(self._route, status)
        metrics.time(self._timed_route, perf_counter() - begun)
        await send_answer(send, answer.body, status, answer.content_type)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Answer, int]:
        try:
            headers = dict(scope["headers"])
            _refuse_encoding(headers.get(b"content-encoding", b""))
            body = await read_body(receive, headers.get(b"content-length"), self._max_bytes)
            content_type, accept = headers.get(b"content-type"), headers.get(b"accept")
            arguments = (
                body,
                None if content_type is None else content_type.decode("latin-1"),
                None if accept is None else accept.decode("latin-1"),
            )
            if len(body) <= INLINE_BYTES:
                answer = self._invoke(*arguments)
            else:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self._executor, self._invoke, *arguments)
        except UserError as error:
            return Answer(error_body(str(error)), "application/json", 0), status_of(error)
        except ClientGoneError:
            raise
        except Exception:
            logger.exception("%s failed", self._route)
            return Answer(error_body(INTERNAL_ERROR), "application/json", 0), 500
        self._metrics.count_scored(len(body), len(answer.body), answer.num_rows)
        return answer, 200


def _refuse_encoding(name: bytes) -> None:
    if name.strip().lower() not in (b"", b"identity"):
        shown = name.decode("latin-1")
        raise UnsupportedContentTypeError(
            f"content encoding {shown!r}; expected a body that has none"
        )
