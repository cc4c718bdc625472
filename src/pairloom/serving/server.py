"""An endpoint from its artifact to its end."""

from __future__ import annotations

import gc
import logging
import socket

from pairloom.serving.http.app import create_app
from pairloom.serving.metrics import SharedMetrics
from pairloom.serving.model_cache import ServedModel, load_for_serving
from pairloom.serving.processes.listeners import open_listeners, url_of
from pairloom.serving.processes.supervisor import Supervisor
from pairloom.serving.processes.worker import run_worker
from pairloom.serving.settings import ServerSettings

logger = logging.getLogger(__name__)


def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT; call it in the main thread of a process of its own.

    Raises
    ------
    UserError
        The artifact cannot be read, or the address cannot be listened on.
    PlatformError
        Workers die as soon as they are started.
    """
    served = load_for_serving(settings.artifact, settings.cache)
    listeners = open_listeners(settings.host, settings.port, settings.worker_count)
    gc.collect()
    gc.freeze()  # pages that every worker shares are left alone by its collections
    Supervisor(_Workers(served, settings, listeners), settings.drain_seconds).run()
    logger.info("stopped")


class _Workers:
    def __init__(
        self, served: ServedModel, settings: ServerSettings, listeners: list[socket.socket]
    ) -> None:
        self.count = len(listeners)
        self._served = served
        self._settings = settings
        self._listeners = listeners
        self._url = url_of(listeners[0])
        self._metrics = SharedMetrics(self.count)

    def prepare(self, number: int) -> None:
        self._metrics.worker(number).count_start()

    def run(self, number: int) -> None:
        app = create_app(self._served, self._settings, self._metrics, number)
        metrics = self._metrics.worker(number)
        run_worker(app, self._listeners[number], self._settings, metrics)

    def announce(self) -> None:
        model = self._served.model
        logger.info(
            "serving %s, a %s of %d features and %d factors, on %s with %d workers",
            self._settings.artifact,
            model.predictor_type,
            model.feature_dim,
            model.num_factors,
            self._url,
            self.count,
        )

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
