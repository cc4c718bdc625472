"""What `pairloom up` is told, and what of it may stand together."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pairloom.errors import UserError
from pairloom.platform.settings import DEFAULT_FOLDER, DEFAULT_PORT, DEFAULT_REGION
from pairloom.platform.supervisor.tls_files import check_tls_files


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """How a platform is to run.

    Attributes
    ----------
    folder
        Keeps everything.
    host, port
        Where the API listens.
    region
        The one that names of resources are made of.
    s3_endpoint
        URL of an object store; empty for the embedded one.
    database
        SQLAlchemy's URL; empty for a file in the folder.
    ray_address
        `host:port` of the Ray that jobs of several instances join; empty: each starts its own.
    tls_certificate, tls_key
        PEM files for the API.
    behind_proxy
        Another program ends TLS in front of the API and says whom it speaks for.
    """

    folder: Path = DEFAULT_FOLDER
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    region: str = DEFAULT_REGION
    s3_endpoint: str = ""
    database: str = ""
    ray_address: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise UserError("--tls-certificate and --tls-key belong together; only one was given")
        if self.tls_certificate and self.tls_key:
            check_tls_files(self.tls_certificate, self.tls_key)
        elif not self.behind_proxy and not is_loopback(self.host):
            raise UserError(
                f"--host {self.host} can be reached from other machines, which needs "
                "--tls-certificate and --tls-key, or --behind-proxy when TLS ends before the API"
            )
        if self.s3_endpoint:
            _check_url(self.s3_endpoint)

    @property
    def scheme(self) -> str:
        return "https" if self.tls_certificate else "http"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise UserError(f"--s3-endpoint is {url!r}; must be a URL such as https://s3.example.com")
