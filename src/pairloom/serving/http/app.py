"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pairloom.serving.description import describe_model, model_labels
from pairloom.serving.http.answers import INTERNAL_ERROR
from pairloom.serving.http.scoring import ScoringEndpoint
from pairloom.serving.metrics import SharedMetrics, WorkerMetrics
from pairloom.serving.model_cache import ServedModel
from pairloom.serving.predictor import Predictor
from pairloom.serving.ranker import Ranker
from pairloom.serving.settings import ServerSettings

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Bodies that are scored at once in one worker; more wait for their turn.
_SCORING_THREADS = 4


def create_app(
    served: ServedModel, settings: ServerSettings, shared: SharedMetrics, worker: int
) -> Starlette:
    """Return the application of one worker."""
    metrics = shared.worker(worker)
    executor = ThreadPoolExecutor(_SCORING_THREADS, thread_name_prefix="scoring")
    routes = [
        Route(
            path,
            ScoringEndpoint(path, invoke, settings.max_payload_bytes, metrics, executor),
            methods=["POST"],
        )
        for path, invoke in (
            ("/invocations", Predictor(served.model).invoke),
            ("/rank", Ranker(served.model).rank),
        )
    ]
    for path, handler in _handlers(served, settings, shared).items():
        routes.append(Route(path, _counted(path, handler, metrics), methods=["GET"]))

    def refuse(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            metrics.count("other", 500)
            return JSONResponse({"error": INTERNAL_ERROR}, 500)
        metrics.count("other", error.status_code)
        message = _refusal(request, error.status_code)
        return JSONResponse({"error": message}, error.status_code, headers=error.headers)

    app = Starlette(routes=routes, exception_handlers={HTTPException: refuse, Exception: refuse})
    app.router.redirect_slashes = False
    return app


def _handlers(
    served: ServedModel, settings: ServerSettings, shared: SharedMetrics
) -> dict[str, Handler]:
    async def ping(_: Request) -> Response:
        return Response()

    async def execution_parameters(_: Request) -> Response:
        return JSONResponse(settings.execution_parameters)

    async def model(_: Request) -> Response:
        return JSONResponse(describe_model(served))

    async def exposition(_: Request) -> Response:
        labels = model_labels(served)
        return Response(shared.exposition(labels), headers={"content-type": METRICS_TYPE})

    return {
        "/ping": ping,
        "/execution-parameters": execution_parameters,
        "/model": model,
        "/metrics": exposition,
    }


def _refusal(request: Request, status: int) -> str:
    path = request.url.path
    if status == 405:
        return f"{path} does not take {request.method}"
    return f"there is nothing at {path}"


def _counted(path: str, handler: Handler, metrics: WorkerMetrics) -> Handler:
    async def counted(request: Request) -> Response:
        response = await handler(request)
        metrics.count(path, response.status_code)
        return response

    return counted
