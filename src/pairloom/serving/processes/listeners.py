"""Listening sockets that outlive the processes that accept from them."""

from __future__ import annotations

import errno
import socket
import sys

from pairloom.errors import UserError

_BACKLOG = 2048


def open_listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """Return one listening socket per worker, all on one port.

    The kernel spreads connections over them. As long as whoever made them keeps them open, a
    connection that waits for a worker outlives that worker. Where the kernel has no such group, or
    one worker is all, every entry is the same socket.

    Raises
    ------
    UserError
        The address is not this machine's, or something else listens there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without SO_REUSEPORT this fails when another server holds the port, whatever its options.
        alone = _bound(family, kind, protocol, (host, port, *address[2:]), shared=False)
        if count == 1 or not sys.platform.startswith("linux"):
            alone.listen(_BACKLOG)
            return [alone] * count
        name = alone.getsockname()
        alone.close()
        listeners = [_bound(family, kind, protocol, name, shared=True) for _ in range(count)]
    except OSError as error:
        raise UserError(f"cannot listen on {_shown(host, port)}: {_reason(error)}") from error
    for listener in listeners:
        listener.listen(_BACKLOG)
    return listeners


def url_of(listener: socket.socket) -> str:
    """Return what a client on this machine may call."""
    host, port = listener.getsockname()[:2]
    return f"http://{_shown(host, port)}"


def _bound(
    family: int, kind: int, protocol: int, address: tuple[object, ...], *, shared: bool
) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; stop it or choose another port"
    return error.strerror or str(error)
