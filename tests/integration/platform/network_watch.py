"""Runs a command where every attempt to reach beyond loopback is noticed.

A network namespace that has nothing but `lo` is made where the kernel lets users make one: the
kernel then counts each packet and each connection for which there is no way. Elsewhere strace
writes down every address that a process of the command connects or sends to.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMESPACE = ("unshare", "--map-root-user", "--net")
STRACE = ("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none")
# Run inside of the namespace: brings `lo` up, runs the command, writes the kernel's counts down.
_INSIDE = """
import fcntl, json, pathlib, socket, struct, subprocess, sys
SIOCSIFFLAGS, UP = 0x8914, 0x1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", UP))
code = subprocess.call(sys.argv[2:])
names, numbers = (
    line.split()[1:]
    for line in pathlib.Path("/proc/self/net/snmp").read_text().splitlines()
    if line.startswith("Ip:")
)
counts = {"Ip" + name: int(number) for name, number in zip(names, numbers)}
six = pathlib.Path("/proc/self/net/snmp6")
if six.exists():
    counts |= {line.split()[0]: int(line.split()[1]) for line in six.read_text().splitlines()}
pathlib.Path(sys.argv[1]).write_text(json.dumps(counts))
sys.exit(code)
"""
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')


@dataclass(frozen=True)
class WatchedRun:
    """How a command ended, and what it tried to reach beyond loopback."""

    code: int
    said: str
    beyond: list[str]


def means() -> list[str]:
    """Return how this machine can watch a command, the better one first."""
    found = []
    if shutil.which(NAMESPACE[0]):
        tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False)
        found += ["namespace"] * (tried.returncode == 0)
    if shutil.which(STRACE[0]):
        tried = subprocess.run([*STRACE, "true"], capture_output=True, check=False)
        found += ["strace"] * (tried.returncode == 0)
    return found


def watch(by: str, command: Sequence[str], scratch: Path) -> WatchedRun:
    """Run a command, watched by one of the means."""
    record = scratch / f"{by}.record"
    if by == "namespace":
        before = [*NAMESPACE, sys.executable, "-c", _INSIDE, str(record)]
    else:
        before = [*STRACE, "-o", str(record)]
    done = subprocess.run([*before, *command], capture_output=True, text=True, check=False)
    read = _read_counts if by == "namespace" else _read_calls
    return WatchedRun(done.returncode, done.stdout + done.stderr, read(record))


def _read_counts(record: Path) -> list[str]:
    counts: dict[str, int] = json.loads(record.read_text())
    watched = ("IpOutNoRoutes", "Ip6OutNoRoutes")
    return [f"{counts[name]} of {name}" for name in watched if counts.get(name)]


def _read_calls(record: Path) -> list[str]:
    found = set()
    for match in _ADDRESS.finditer(record.read_text(errors="replace")):
        address = ipaddress.ip_address(match[1] or match[2])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not (mapped.is_loopback or mapped.is_unspecified):
            found.add(str(mapped))
    return sorted(found)
