"""Where this machine reaches what listens on an address, and who else does."""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import cache
from pathlib import Path


def local_host(host: str) -> str:
    """Return where this machine reaches what listens on a host."""
    try:
        unspecified = socket.getaddrinfo(host, None)[0][4][0]
    except OSError:
        return host
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(unspecified), host)  # noqa: S104


def local_url(scheme: str, host: str, port: int) -> str:
    """Return the URL by which this machine reaches what listens on a host."""
    reached = local_host(host)
    return f"{scheme}://[{reached}]:{port}" if ":" in reached else f"{scheme}://{reached}:{port}"


@cache
def loopback_name() -> str:
    """Return what all processes share that reach each other by loopback, and no others.

    The host's name comes first, then, where the kernel tells them, its boot and the network
    namespace: two containers of one host have a loopback each.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/net").readlink()))
    return " ".join(parts)
