"""One worker: an event loop that accepts from a socket until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from pairloom.serving.http.connection import ConnectionLimits, LimitedConnection
from pairloom.serving.metrics import WorkerMetrics
from pairloom.serving.processes.supervisor import ENDING
from pairloom.serving.settings import ServerSettings

_TICKS_PER_SECOND = 10  # as often as uvicorn calls on_tick


def run_worker(
    app: ASGIApp, listener: socket.socket, settings: ServerSettings, metrics: WorkerMetrics
) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent process; then drain."""
    # What a client did wrong is told to the client.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        http=_connection_class(settings, metrics),
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        workers=1,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.idle_timeout_seconds,  # type: ignore[arg-type]
        timeout_graceful_shutdown=settings.drain_seconds,  # type: ignore[arg-type]
    )
    _WorkerServer(config, os.getppid()).run([listener])


class _WorkerServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, parent: int) -> None:
        super().__init__(config)
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # uvicorn hears them from here on
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_SECOND == 0:
            if os.getppid() != self._parent:
                self.should_exit = True
            for connection in list(self.server_state.connections):
                if isinstance(connection, LimitedConnection):
                    connection.close_if_overdue(connection.loop.time())
        return await super().on_tick(counter)


def _connection_class(settings: ServerSettings, metrics: WorkerMetrics) -> type[LimitedConnection]:
    class WorkerConnection(LimitedConnection):
        pass

    WorkerConnection.limits = ConnectionLimits(settings.request_timeout_seconds)
    WorkerConnection.metrics = metrics
    return WorkerConnection
