"""The ports of the embedded object store: chosen once, kept, and chosen anew when taken."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pairloom.errors import PlatformError

# SeaweedFS listens for gRPC this far above each of its ports. Both stay below what the kernel
# hands out to programs that ask for any port (32768 and up on Linux).
GRPC_OFFSET: Final = 10_000
_FIRST: Final = 12_000
_BEHIND: Final = 22_000


@dataclass(frozen=True, slots=True)
class StorePorts:
    """Where the parts of the embedded object store listen, on loopback alone."""

    s3: int
    master: int
    volume: int
    filer: int
    admin: int

    def __iter__(self) -> Iterator[int]:
        return iter((self.s3, self.master, self.volume, self.filer, self.admin))


def choose_ports(kept: Path) -> StorePorts:
    """Return the ports that a file keeps if all are free, else new ones, kept in that file.

    Clients that were told where the object store is find it there after a restart.
    """
    before = _read(kept)
    if before and all(_is_free(port) for port in before):
        return before
    chosen = StorePorts(*_free_ports(5))
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(chosen)) + "\n", encoding="utf-8")
    return chosen


def _read(kept: Path) -> StorePorts | None:
    try:
        ports = StorePorts(**json.loads(kept.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return ports if all(_is_port(port) for port in ports) else None


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    for port in random.sample(range(_FIRST, _BEHIND), k=_BEHIND - _FIRST):
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise PlatformError(
        f"no {count} free ports from {_FIRST} to {_BEHIND - 1} on 127.0.0.1 for the object store"
    )


def _is_free(port: int) -> bool:
    return _can_bind(port) and _can_bind(port + GRPC_OFFSET)


def _can_bind(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_port(value: object) -> bool:
    return isinstance(value, int) and 0 < value <= 65_535 - GRPC_OFFSET
