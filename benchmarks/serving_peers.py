"""The server that benchmarks/serving.py asks: the product's own, with handlers beside to compare.

Usage: python serving_peers.py ARTIFACT PORT

`/empty` answers the same requests with a constant. `/numpy` does what `/invocations` does, with
what is at hand in Python: Starlette's request, orjson, the model's formula in NumPy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pairloom.model import Model
from pairloom.serving.http.app import create_app
from pairloom.serving.metrics import SharedMetrics
from pairloom.serving.model_cache import load_for_serving
from pairloom.serving.processes.listeners import open_listeners
from pairloom.serving.processes.worker import run_worker
from pairloom.serving.settings import ServerSettings

CONSTANT = b'{"predictions": [{"score": 0.3933604955673218, "predicted_label": 0}]}'


async def empty(request: Request) -> Response:
    await request.body()
    return Response(CONSTANT, media_type="application/json")


class NumpyHandler:
    def __init__(self, model: Model) -> None:
        self.bias, self.weights, self.factors = model.bias, model.linear_weights, model.factors
        self.squares = self.factors**2

    async def __call__(self, request: Request) -> Response:
        instances = orjson.loads(await request.body())["instances"]
        rows = np.array([instance["features"] for instance in instances], np.float32)
        pairs = ((rows @ self.factors) ** 2 - (rows**2) @ self.squares).sum(axis=1)
        scores = 1 / (1 + np.exp(-(self.bias + rows @ self.weights + pairs / 2)))
        predictions = [
            {"score": score, "predicted_label": int(score >= 0.5)} for score in scores.tolist()
        ]
        body = orjson.dumps({"predictions": predictions})
        return Response(body, media_type="application/json")


def main() -> None:
    artifact, port = Path(sys.argv[1]), int(sys.argv[2])
    settings = ServerSettings(artifact=artifact, port=port, num_workers=1)
    served = load_for_serving(artifact)
    metrics = SharedMetrics(1)
    app = create_app(served, settings, metrics, 0)
    numpy_handler = NumpyHandler(served.model)

    async def with_numpy(request: Request) -> Response:
        return await numpy_handler(request)

    # In front of the product's own routes, which are then found later.
    app.router.routes[:0] = [
        Route("/empty", empty, methods=["POST"]),
        Route("/numpy", with_numpy, methods=["POST"]),
    ]
    (listener,) = open_listeners("127.0.0.1", port, 1)
    run_worker(app, listener, settings, metrics.worker(0))


if __name__ == "__main__":
    main()
