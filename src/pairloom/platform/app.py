"""The API as an ASGI application: a signature checked, a call made, an answer written."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pairloom.platform.gateway import ClientGoneError, Gateway
from pairloom.platform.identity import SignatureCheck, read_key_pair
from pairloom.platform.operations import OPERATIONS, Operation, Platform
from pairloom.platform.operations.hosting_fields import INVOCATION_FIELDS
from pairloom.platform.operations.request_rules import check_fields
from pairloom.platform.protocol import ApiError, ApiRequest, Call, route
from pairloom.platform.protocol.answers import ApiAnswer, answer, error_answer
from pairloom.platform.protocol.services import signing_names
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store, StoreAwayError, StoreFullError

logger = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 6 << 20
HEALTH_PATH: Final = "/health"
_SDK_AGENT: Final = "AWS-SageMaker-Python-SDK"
_YOUNG_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2
_AWAY: Final = ApiError(  # every client of AWS's tries that again
    "ServiceUnavailable", "the platform's database does not answer just now; try again", 503
)
_FULL: Final = ApiError(
    "ServiceUnavailable",
    "the disk of the platform's database is full; free space and try again",
    503,
)
_INLINE_BYTES: Final = 1 << 16  # hashing up to here takes less time than the way to a thread


def create_app(settings: PlatformSettings) -> Starlette:
    """Return the application of one API process; keys and store are those of the settings."""
    signing_names()  # read botocore's models now, not within the first request
    signatures = SignatureCheck(read_key_pair(settings.keys_file), settings.region)
    store = Store(settings.database_url)
    gateway = Gateway(settings, store)
    api = Api(Platform(settings, store), signatures, gateway)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await gateway.start()
        yield
        await gateway.close()

    async def health(_: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    every_method = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[
            Route(HEALTH_PATH, health, methods=["GET"]),
            Route("/{path:path}", api.respond, methods=every_method),
        ],
        lifespan=lifespan,
    )


class Api:
    """Answers requests of every service."""

    def __init__(self, platform: Platform, signatures: SignatureCheck, gateway: Gateway) -> None:
        self._platform = platform
        self._signatures = signatures
        self._gateway = gateway

    async def respond(self, received: Request) -> Response:
        """Return the answer to a request, whatever becomes of it."""
        request_id = str(uuid.uuid4())
        try:
            body = await _body(received)
        except ClientDisconnect:
            return Response(status_code=400)
        request = _request(received, body or b"")
        call = route(request)
        if body is None:
            error = ApiError(
                "RequestEntityTooLarge", f"the body is larger than {MAX_BODY_BYTES} bytes", 413
            )
            return _response(error_answer(call, error, request_id), request_id)
        if (call.service, call.operation) == ("sagemaker-runtime", "InvokeEndpoint"):
            return await self._invoke(call, received, request_id)
        await self._be_patient(call)
        answered = await run_in_threadpool(self._answer, call, request_id)
        return _response(answered, request_id)

    async def _invoke(self, call: Call, received: Request, request_id: str) -> Response:
        """Answer InvokeEndpoint on the event loop: the way to a thread costs more than the rest."""
        began = time.perf_counter()

        async def client_gone() -> None:
            while (await received.receive())["type"] != "http.disconnect":
                pass

        def checked() -> dict[str, Any]:
            self._signatures.check(call.request, call.signing_name)
            members = call.members()
            check_fields(INVOCATION_FIELDS, members)
            return members

        try:
            is_large = len(call.request.body) > _INLINE_BYTES
            members = await run_in_threadpool(checked) if is_large else checked()
            output = await self._gateway.invoke(members, client_gone, began)
            return _response(answer(call, output, request_id), request_id)
        except ClientGoneError:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  told by its kind
            return _response(_failed(call, error, request_id), request_id)

    def _answer(self, call: Call, request_id: str) -> ApiAnswer:
        try:
            self._signatures.check(call.request, call.signing_name)
            output = _operation(call)(self._platform, call.members())
            return answer(call, output, request_id)
        except Exception as error:  # noqa: BLE001  told by its kind
            return _failed(call, error, request_id)

    async def _be_patient(self, call: Call) -> None:
        """Hold DescribeTrainingJob of a young job up: this SDK asks again after 30 s at best."""
        patience = self._platform.settings.describe_patience_seconds
        is_meant = (call.service, call.operation) == ("sagemaker", "DescribeTrainingJob")
        if not is_meant or _SDK_AGENT not in (call.request.header("user-agent") or ""):
            return
        name = await run_in_threadpool(self._job_asked_for, call)
        until = time.monotonic() + patience
        while name and time.monotonic() < until and await run_in_threadpool(self._is_young, name):
            await asyncio.sleep(_LOOK_SECONDS)

    def _job_asked_for(self, call: Call) -> str | None:
        try:
            self._signatures.check(call.request, call.signing_name)
            name: str = call.members()["TrainingJobName"]
        except ApiError:
            return None
        return name

    def _is_young(self, name: str) -> bool:
        try:
            job = self._platform.store.training_job(name)
        except StoreAwayError:
            return False
        young = job is not None and time.time() - job.created_at < _YOUNG_SECONDS
        return young and job is not None and not job.has_ended


def _failed(call: Call, error: Exception, request_id: str) -> ApiAnswer:
    """Return the answer to a call that raised; of what is our fault the log has the rest."""
    if isinstance(error, ApiError):
        return error_answer(call, error, request_id)
    what = f"{call.service} {call.operation}, request {request_id}"
    if isinstance(error, StoreAwayError):
        logger.warning("%s: %s", what, error)
        full = isinstance(error, StoreFullError)
        return error_answer(call, _FULL if full else _AWAY, request_id)
    logger.error("%s failed", what, exc_info=error)
    ours = f"internal error; the platform's log names {request_id}"
    return error_answer(call, ApiError("InternalFailure", ours, 500), request_id)


def _operation(call: Call) -> Operation:
    operation = OPERATIONS.get((call.service, call.operation))
    if operation is None:
        name = f"{call.service} {call.operation}" if call.service else call.operation
        raise ApiError("UnknownOperationException", f"Pairloom does not offer {name[:200]}")
    return operation


async def _body(received: Request) -> bytes | None:
    """Return the whole body, or None if it is too large; then the rest is not read."""
    pieces, total = [], 0
    async for piece in received.stream():
        total += len(piece)
        if total > MAX_BODY_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _request(received: Request, body: bytes) -> ApiRequest:
    raw_path: bytes = received.scope.get("raw_path") or received.scope["path"].encode()
    query: bytes = received.scope["query_string"]
    return ApiRequest(
        method=received.method,
        path=raw_path.partition(b"?")[0].decode("latin-1"),
        query=query.decode("latin-1"),
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in received.scope["headers"]
        ),
        body=body,
    )


def _response(answered: ApiAnswer, request_id: str) -> Response:
    headers = {**answered.headers, "x-amzn-requestid": request_id}
    headers["content-type"] = answered.content_type
    return Response(answered.body, answered.status, headers)
