"""`python -m pairloom.platform.supervisor.api_process`: the API, on a socket that outlives it."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from pathlib import Path

import uvicorn

from pairloom.platform.app import create_app
from pairloom.platform.settings import read_settings

_DRAIN_SECONDS = 5
_IDLE_SECONDS = 75


def main() -> int:
    """Serve on the socket that the supervisor handed over until SIGTERM."""
    given = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    config = uvicorn.Config(
        create_app(read_settings(given.dir)),
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=given.behind_proxy,
        ssl_certfile=given.tls_certificate,
        ssl_keyfile=given.tls_key,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    uvicorn.Server(config).run([socket.socket(fileno=given.descriptor)])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pairloom.platform.supervisor.api_process")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--descriptor", type=int, required=True)
    parser.add_argument("--tls-certificate", type=Path)
    parser.add_argument("--tls-key", type=Path)
    parser.add_argument("--behind-proxy", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
