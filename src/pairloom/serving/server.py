"""An endpoint from its artifact to its end."""

from __future__ import annotations

import gc
import logging

from pairloom.serving.http.app import create_app
from pairloom.serving.metrics import SharedMetrics
from pairloom.serving.model_cache import load_for_serving
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
    count = settings.worker_count
    listeners = open_listeners(settings.host, settings.port, count)
    metrics = SharedMetrics(count)

    def work(number: int) -> None:
        app = create_app(served, settings, metrics, number)
        run_worker(app, listeners[number], settings, metrics.worker(number))

    def stop_listening() -> None:
        for listener in listeners:
            listener.close()

    logger.info(
        "serving %s, a %s of %d features and %d factors, on %s with %d workers",
        settings.artifact,
        served.model.predictor_type,
        served.model.feature_dim,
        served.model.num_factors,
        url_of(listeners[0]),
        count,
    )
    gc.collect()
    gc.freeze()  # pages that every worker shares are left alone by its collections
    Supervisor(work, count, settings.drain_seconds, stop_listening).run()
    logger.info("stopped")
