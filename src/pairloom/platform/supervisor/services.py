"""The processes that make up a platform, and what each of them is started with."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

from pairloom.platform.identity import KeyPair
from pairloom.platform.objectstore.embedded import EmbeddedStore
from pairloom.platform.settings import PlatformSettings
from pairloom.platform.supervisor.options import UpOptions
from pairloom.platform.supervisor.service import Service

# A client of the platform's own must not be led astray by what the user's shell is set up for.
_NO_DETOURS = {
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
    "no_proxy": "*",
    "PYTHONUNBUFFERED": "1",
}


def object_store_service(store: EmbeddedStore, keys: KeyPair) -> Service:
    """Return the embedded object store, its files written."""
    store.prepare(keys)
    return Service(
        "objectstore",
        store.command,
        environment=store.environment,
        stop_seconds=20.0,
        outlives_others=True,
        after_end=store.remove_sockets,
    )


def python_services(
    options: UpOptions,
    settings: PlatformSettings,
    api_listener: socket.socket,
    proxy_listener: socket.socket,
) -> list[Service]:
    """Return the API, the proxy, the runners of jobs and endpoints, and the tuner."""
    api_options: list[str] = []
    if options.tls_certificate and options.tls_key:
        api_options += ["--tls-certificate", str(options.tls_certificate.absolute())]
        api_options += ["--tls-key", str(options.tls_key.absolute())]
    if options.behind_proxy:
        api_options.append("--behind-proxy")
    return [
        _listening("api", "supervisor.api_process", settings, api_listener, api_options),
        _listening("proxy", "proxy", settings, proxy_listener),
        # Programs that both have started are told to stop, and killed when they do not.
        _runner("jobs", settings),
        _runner("endpoints", settings),
        Service("tuning", [*_module("tuning"), _folder(settings)], environment=_NO_DETOURS),
    ]


def _runner(name: str, settings: PlatformSettings) -> Service:
    command = [*_module(name), _folder(settings)]
    return Service(name, command, environment=_NO_DETOURS, stop_seconds=30.0)


def _listening(
    name: str,
    module: str,
    settings: PlatformSettings,
    listener: socket.socket,
    options: Sequence[str] = (),
) -> Service:
    descriptor = str(listener.fileno())
    command = [*_module(module), "--dir", _folder(settings), "--descriptor", descriptor, *options]
    return Service(name, command, environment=_NO_DETOURS, descriptors=(listener.fileno(),))


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"pairloom.platform.{name}"]


def _folder(settings: PlatformSettings) -> str:
    return str(settings.folder.absolute())
