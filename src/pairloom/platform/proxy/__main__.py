"""`python -m pairloom.platform.proxy`: the proxy's process, which the supervisor starts."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from pathlib import Path

from pairloom.platform.local_host import local_host
from pairloom.platform.proxy.authority import authority_of
from pairloom.platform.proxy.server import ApiAddress, ConnectProxy
from pairloom.platform.settings import read_settings


def main() -> int:
    """Serve on the socket that was handed over until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m pairloom.platform.proxy")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--descriptor", type=int, required=True)
    given = parser.parse_args()
    settings = read_settings(given.dir)
    host = local_host(settings.host)
    address = ApiAddress(host, settings.port, _local_tls() if settings.scheme == "https" else None)
    proxy = ConnectProxy(authority_of(settings.ca_folder), address)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(proxy, socket.socket(fileno=given.descriptor)))
    return 0


async def _serve(proxy: ConnectProxy, listener: socket.socket) -> None:
    serving = asyncio.ensure_future(proxy.serve(listener))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    await serving


def _local_tls() -> ssl.SSLContext:
    # The API of the same platform, over loopback; its certificate names the host that others use.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main())
