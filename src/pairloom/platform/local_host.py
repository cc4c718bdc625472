"""Where this machine reaches what listens on an address."""

from __future__ import annotations

import socket


def local_host(host: str) -> str:
    """Return where this machine reaches what listens on a host."""
    try:
        unspecified = socket.getaddrinfo(host, None)[0][4][0]
    except OSError:
        return host
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(unspecified), host)  # noqa: S104
