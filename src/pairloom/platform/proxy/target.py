"""What a client asks the proxy for, and what becomes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pairloom.platform.proxy.authority import DOMAINS

_REQUEST_LINE: Final = re.compile(
    rb"(?P<method>[A-Za-z]{1,20}) (?P<target>[!-~]{1,300}) HTTP/1\.[01]\r\n"
)
_HOST_AND_PORT: Final = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)\.?:([1-9][0-9]{0,4})"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_STS: Final = re.compile(r"sts(?:-fips)?(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")


class Verdict(Enum):
    """What the proxy does with a connection."""

    HAND_OVER = "to the API, inside TLS"
    DENY = "answered 403, inside TLS"
    REFUSE = "refused without TLS"


@dataclass(frozen=True, slots=True)
class Target:
    """The host of a CONNECT, in lower case and without a trailing dot; empty when refused."""

    host: str
    verdict: Verdict
    reason: str = ""


def read_target(head: bytes) -> Target:
    """Return what the head of a request to the proxy asks for; any bytes are taken."""
    line = _REQUEST_LINE.match(head)
    if not line:
        return _refused("not an HTTP/1 request")
    if line["method"] != b"CONNECT":
        return _refused("this proxy takes CONNECT alone")
    found = _HOST_AND_PORT.fullmatch(line["target"].decode("ascii"))
    if not found:
        return _refused("CONNECT names no host and port")
    host, port = found[1].lower(), int(found[2])
    if not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return _refused(f"{host} is no host name")
    if port != 443 or not host.endswith(tuple(f".{domain}" for domain in DOMAINS)):
        return _refused(f"{host}:{port} is beyond this platform; it reaches no other host")
    return Target(host, Verdict.HAND_OVER if _STS.fullmatch(host) else Verdict.DENY)


def _refused(reason: str) -> Target:
    return Target("", Verdict.REFUSE, reason)
