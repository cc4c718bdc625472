"""A platform from its start to its end, in the foreground."""

from __future__ import annotations

import http.client
import logging
import os
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from pairloom.errors import PlatformError
from pairloom.platform.identity import KeyPair
from pairloom.platform.local_host import local_host
from pairloom.platform.objectstore.client import s3_client
from pairloom.platform.objectstore.embedded import EmbeddedStore, embedded_store
from pairloom.platform.objectstore.readiness import check_access, takes_objects
from pairloom.platform.proxy.authority import authority_of
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store
from pairloom.platform.supervisor.key_file import platform_keys
from pairloom.platform.supervisor.options import UpOptions
from pairloom.platform.supervisor.service import ServiceProcess
from pairloom.platform.supervisor.services import object_store_service, python_services
from pairloom.platform.supervisor.state import (
    PlatformState,
    ProcessState,
    end_leftovers,
    hold,
    own_state,
)
from pairloom.platform.supervisor.supervisor import Supervisor
from pairloom.serving.processes.listeners import open_listeners

logger = logging.getLogger(__name__)

_READY_SECONDS: Final = 60.0
_PROBE_SECONDS: Final = 0.1
_MOST_DEATHS_BEFORE_READY: Final = 3


def run_platform(options: UpOptions, announce: Callable[[PlatformSettings], None]) -> None:
    """Start a platform, keep it running until SIGTERM or SIGINT, and end it.

    Parameters
    ----------
    options
        How it is to run.
    announce
        Called once the API answers and the object store takes objects.

    Raises
    ------
    UserError
        Another one runs in the folder, or an option cannot be met.
    PlatformError
        A process dies as soon as it is started.
    """
    with ExitStack() as held:
        held.enter_context(hold(options.folder))
        end_leftovers(options.folder)
        platform = _prepare(options, held)
        with platform.supervisor.running():
            platform.wait_until_ready()
            if not platform.supervisor.stopping:
                announce(platform.settings)
            platform.supervisor.run()


@dataclass
class _Platform:
    settings: PlatformSettings
    supervisor: Supervisor
    record: _StateRecord
    embedded: bool

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        client = s3_client(self.settings, attempts=1)
        store_ready = not self.embedded
        while not self.supervisor.stopping:
            store_ready = store_ready or takes_objects(client)
            if store_ready and _answers(self.settings):
                self.record.ready = True
                self.record(self.supervisor.processes)
                return
            self.supervisor.step(_PROBE_SECONDS)
            _check_deaths(self.supervisor.processes)
            if time.monotonic() > deadline:
                late = "API" if store_ready else "object store"
                raise PlatformError(
                    f"the {late} was not ready after {_READY_SECONDS:g} s; "
                    f"see {self.settings.logs_folder}"
                )


class _StateRecord:
    # Writes down who runs whenever that changes.
    def __init__(self, settings: PlatformSettings, proxy_port: int) -> None:
        self.ready = False
        self._folder = settings.folder
        self._proxy_port = proxy_port
        self._own = own_state()

    def __call__(self, processes: Sequence[ServiceProcess]) -> None:
        states = {
            process.service.name: ProcessState(process.pid, process.mark, process.num_restarts)
            for process in processes
        }
        PlatformState(self._own, self._proxy_port, self.ready, states).write(self._folder)


def _prepare(options: UpOptions, held: ExitStack) -> _Platform:
    api_listener = held.enter_context(open_listeners(options.host, options.port, 1)[0])
    proxy_listener = held.enter_context(open_listeners("127.0.0.1", 0, 1)[0])
    settings = PlatformSettings(
        folder=options.folder.absolute(),
        host=options.host,
        port=api_listener.getsockname()[1],
        region=options.region,
        s3_endpoint=options.s3_endpoint.rstrip("/"),
        database=options.database,
        scheme=options.scheme,
        ray_address=options.ray_address,
    )
    keys = _keys(settings, foreign=bool(options.s3_endpoint))
    authority_of(settings.ca_folder)
    services = python_services(options, settings, api_listener, proxy_listener)
    if settings.s3_endpoint:
        check_access(s3_client(settings, attempts=2), settings.s3_endpoint)
    else:
        store: EmbeddedStore = embedded_store(settings.object_store_folder)
        settings = replace(settings, s3_endpoint=store.url)
        services.insert(0, object_store_service(store, keys))
    settings.write()
    with Store(settings.database_url):
        pass  # its tables are made, or brought up to date, before two processes use them
    record = _StateRecord(settings, proxy_listener.getsockname()[1])
    supervisor = Supervisor(services, settings.logs_folder, record)
    return _Platform(settings, supervisor, record, embedded=not options.s3_endpoint)


def _keys(settings: PlatformSettings, *, foreign: bool) -> KeyPair:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    given = [os.environ.get(name, "") for name in names]
    if foreign and all(given):
        KeyPair(*given).write(settings.keys_file)
    return platform_keys(settings.folder)


def _answers(settings: PlatformSettings) -> bool:
    try:
        connection = _connection(settings)
        connection.request("GET", "/health")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    return True


def _connection(settings: PlatformSettings) -> http.client.HTTPConnection:
    if settings.scheme == "http":
        return http.client.HTTPConnection(local_host(settings.host), settings.port, timeout=2)
    context = ssl.create_default_context()  # asks whether it answers, tells it nothing
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(
        local_host(settings.host), settings.port, timeout=2, context=context
    )


def _check_deaths(processes: Sequence[ServiceProcess]) -> None:
    for process in processes:
        if process.num_restarts >= _MOST_DEATHS_BEFORE_READY:
            raise PlatformError(
                f"{process.service.name} ended {process.num_restarts} times before the platform "
                f"was ready; its last words in {process.log}: {process.last_line() or 'none'}"
            )
