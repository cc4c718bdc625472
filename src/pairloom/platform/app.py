"""The API as an ASGI application: a signature checked, a call made, an answer written."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pairloom.platform.identity import SignatureCheck, read_key_pair
from pairloom.platform.operations import OPERATIONS, Operation, Platform
from pairloom.platform.protocol import ApiError, ApiRequest, Call, route
from pairloom.platform.protocol.answers import ApiAnswer, answer, error_answer
from pairloom.platform.protocol.services import signing_names
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

logger = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 6 << 20
HEALTH_PATH: Final = "/health"
_SDK_AGENT: Final = "AWS-SageMaker-Python-SDK/"
_YOUNG_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2


def create_app(settings: PlatformSettings) -> Starlette:
    """Return the application of one API process; keys and store are those of the settings."""
    signing_names()  # read botocore's models now, not within the first request
    signatures = SignatureCheck(read_key_pair(settings.keys_file), settings.region)
    api = Api(Platform(settings, Store(settings.database_url)), signatures)

    async def health(_: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    every_method = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[
            Route(HEALTH_PATH, health, methods=["GET"]),
            Route("/{path:path}", api.respond, methods=every_method),
        ]
    )


class Api:
    """Answers requests of every service."""

    def __init__(self, platform: Platform, signatures: SignatureCheck) -> None:
        self._platform = platform
        self._signatures = signatures

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
        await self._be_patient(call)
        answered = await run_in_threadpool(self._answer, call, request_id)
        return _response(answered, request_id)

    def _answer(self, call: Call, request_id: str) -> ApiAnswer:
        try:
            self._signatures.check(call.request, call.signing_name)
            output = _operation(call)(self._platform, call.members())
            return answer(call, output, request_id)
        except ApiError as error:
            return error_answer(call, error, request_id)
        except Exception:
            logger.exception("%s %s failed, request %s", call.service, call.operation, request_id)
            ours = f"internal error; the platform's log names {request_id}"
            return error_answer(call, ApiError("InternalFailure", ours, 500), request_id)

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
        job = self._platform.store.training_job(name)
        young = job is not None and time.time() - job.created_at < _YOUNG_SECONDS
        return young and job is not None and not job.has_ended


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
