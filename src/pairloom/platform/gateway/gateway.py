"""InvokeEndpoint: from the members of a checked request to those of its answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pairloom.platform.endpoints.capture_folder import CaptureFolder
from pairloom.platform.gateway.capture_record import Captured
from pairloom.platform.gateway.capture_writer import CaptureWriter
from pairloom.platform.gateway.forwarding import Forwarded, Forwarding
from pairloom.platform.gateway.invocation_metrics import Invocation, InvocationMetrics
from pairloom.platform.gateway.route_table import RouteTable
from pairloom.platform.gateway.serving_connection import (
    BrokenAnswerError,
    Exchange,
    ServingAnswer,
    TooLateError,
    UnansweredError,
)
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.protocol.runtime_errors import model_error
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

_LOGGER = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 10.0  # a process that died or hung is replaced in less
_WATCH_SECONDS: Final = 0.1  # most requests are answered before anybody looks after their client
_SENT_ON: Final = {
    "ContentType": b"content-type",
    "Accept": b"accept",
    "CustomAttributes": b"x-amzn-sagemaker-custom-attributes",
    "InferenceId": b"x-amzn-sagemaker-inference-id",
}
_LATE: Final = (
    b"Your invocation timed out while waiting for a response from container primary. Review the "
    b"latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_NO_ANSWER: Final = b"The serving process ended without an answer; its log says more."


class ClientGoneError(Exception):
    """The client has closed its connection; nobody waits for an answer."""


class Gateway:
    """Answers InvokeEndpoint; belongs to one event loop.

    Parameters
    ----------
    answer_seconds
        How long a model may take; as long as SageMaker waits, unless given.
    patience_seconds
        How long a request waits for a process that can be reached.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        store: Store,
        *,
        answer_seconds: float = _ANSWER_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._settings = settings
        self._answer_seconds = answer_seconds
        self._table = RouteTable(store.endpoints, store.watch())
        self._forwarding = Forwarding(self._table, settings.account_id, patience_seconds)
        self._metrics = InvocationMetrics(store)
        self._captured = CaptureWriter(CaptureFolder(settings.capture_folder))

    async def start(self) -> None:
        self._captured.start()
        await self._table.start()
        self._metrics.start()

    async def close(self) -> None:
        await self._table.close()
        await self._metrics.close()
        await asyncio.to_thread(self._captured.close)

    async def invoke(
        self,
        members: Mapping[str, Any],
        client_gone: Callable[[], Awaitable[None]],
        began: float | None = None,
    ) -> dict[str, Any]:
        """Return the members of the answer.

        Parameters
        ----------
        members
            Of the request.
        client_gone
            Returns when the client has closed its connection.
        began
            When the request was there, by `time.perf_counter`; now, where it is not given.

        Raises
        ------
        ApiError
            There is no answer, or the model's own was an error.
        ClientGoneError
            Nobody waits any more.
        """
        began = time.perf_counter() if began is None else began
        name = members["EndpointName"]
        exchange = Exchange(self._answer_seconds)
        watch = _Watch(exchange, client_gone)
        try:
            forwarded = await self._forwarded(name, members, exchange)
        except ApiError as error:
            self._count_unanswered(name, exchange, error)
            raise
        finally:
            watch.end()
        answer = forwarded.answer
        self._metrics.count(
            Invocation(
                endpoint=name,
                variant=forwarded.variant,
                num_instances=exchange.num_instances,
                status=answer.status,
                model_seconds=exchange.model_seconds,
                overall_seconds=time.perf_counter() - began,
            )
        )
        if answer.status >= 300:
            raise self._model_error(name, answer.status, answer.body)
        self._capture(members, forwarded)
        return _output(forwarded)

    async def _forwarded(
        self, name: str, members: Mapping[str, Any], exchange: Exchange
    ) -> Forwarded:
        try:
            return await self._forwarding.forward(
                name, members.get("TargetVariant"), _message(members), exchange
            )
        except TooLateError:
            raise self._model_error(name, 0, _LATE) from None
        except (UnansweredError, BrokenAnswerError) as error:
            _LOGGER.warning("endpoint %s: %s", name, error)
            raise self._model_error(name, 500, _NO_ANSWER) from None

    def _count_unanswered(self, name: str, exchange: Exchange, error: ApiError) -> None:
        if exchange.variant is not None:
            self._metrics.count(
                Invocation(
                    endpoint=name,
                    variant=exchange.variant,
                    num_instances=exchange.num_instances,
                    status=400 if error.status == 400 else 500,
                )
            )

    def _capture(self, members: Mapping[str, Any], forwarded: Forwarded) -> None:
        settings = forwarded.endpoint.capture
        if settings is None or not settings.draws:
            return
        self._captured.take(
            Captured(
                settings=settings,
                endpoint=forwarded.endpoint.name,
                variant=forwarded.variant,
                time=time.time(),
                request_type=members.get("ContentType") or "application/json",
                request=members["Body"],
                answer_type=forwarded.answer.headers.get(b"content-type", b"").decode("latin-1"),
                answer=forwarded.answer.body,
                inference_id=members.get("InferenceId"),
                custom_attributes=members.get("CustomAttributes"),
            )
        )

    def _model_error(self, name: str, status: int, body: bytes) -> ApiError:
        return model_error(status, body, endpoint=name, settings=self._settings)


class _Watch:
    """Looks whether a client is still there, once its request takes a while."""

    def __init__(self, exchange: Exchange, client_gone: Callable[[], Awaitable[None]]) -> None:
        self._exchange = exchange
        self._client_gone = client_gone
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_SECONDS, self._begin)

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        await self._client_gone()
        self._exchange.give_up(ClientGoneError())


def _message(members: Mapping[str, Any]) -> bytes:
    body: bytes = members["Body"]
    head = [b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d" % len(body)]
    head += [
        header + b": " + members[member].encode("latin-1")
        for member, header in _SENT_ON.items()
        if members.get(member)
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _output(forwarded: Forwarded) -> dict[str, Any]:
    answer: ServingAnswer = forwarded.answer
    output: dict[str, Any] = {
        "Body": answer.body,
        "InvokedProductionVariant": forwarded.variant,
    }
    for member, header in (
        ("ContentType", b"content-type"),
        ("CustomAttributes", b"x-amzn-sagemaker-custom-attributes"),
    ):
        if header in answer.headers:
            output[member] = answer.headers[header].decode("latin-1")
    return output
