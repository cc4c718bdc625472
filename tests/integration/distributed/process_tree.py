"""The processes that one process started, by any number of generations, and where they listen."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LISTENS = "0A"
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def descendants(pid: int) -> set[int]:
    """Return the processes below one, itself left out."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(stat.parent.name)] = int(fields[1])
    found: set[int] = set()
    while new := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= new
    return found


def named_below(pid: int, name: bytes) -> list[int]:
    """Return the running processes below one whose command line begins so."""
    return [
        each
        for each in sorted(alive(descendants(pid)))
        if Path(f"/proc/{each}/cmdline").read_bytes().startswith(name)
    ]


def alive(pids: Iterable[int]) -> set[int]:
    """Return those that run: zombies have ended, if nobody has fetched them."""
    return {pid for pid in pids if _state(pid) not in ("Z", None)}


def wait_for_end(pids: Iterable[int], seconds: float = 120) -> set[int]:
    """Wait until all have ended; return those that have not."""
    deadline = time.monotonic() + seconds
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def listening_addresses(pids: Iterable[int]) -> dict[str, bool]:
    """Return where processes listen for TCP, and whether only this machine reaches it."""
    sockets = {inode for pid in pids for inode in _sockets(pid)}
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            (
                _,
                local,
                _,
                state,
                *_,
            ) = line.split()
            if state == _LISTENS and line.split()[9] in sockets:
                found[local] = local.partition(":")[0] in _LOOPBACK
    return found


def _sockets(pid: int) -> set[str]:
    links: list[str] = []
    with suppress(OSError):  # it has ended, or closed one
        links += [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    return {match[1] for link in links if (match := re.fullmatch(r"socket:\[(\d+)\]", link))}


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None
