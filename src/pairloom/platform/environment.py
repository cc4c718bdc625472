"""The variables that bring unmodified clients of AWS to a platform."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import certifi

from pairloom.errors import UserError
from pairloom.platform.identity import read_key_pair
from pairloom.platform.proxy.authority import CERTIFICATE
from pairloom.platform.settings import PlatformSettings

_BUNDLE_VARIABLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# What would lead a client elsewhere although it was told where to go.
REMOVED: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "CURL_CA_BUNDLE",
)
_REMOVED_PREFIX: Final = "AWS_ENDPOINT_URL_"
_NEXT_CERTIFICATE: Final = b"\n"


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """Variables to set, and those to remove, for a client."""

    variables: Mapping[str, str]
    removed: tuple[str, ...]

    def applied_to(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return a whole environment."""
        kept = {name: value for name, value in inherited.items() if name not in self.removed}
        return {**kept, **self.variables}


def client_environment(
    settings: PlatformSettings, proxy_port: int, inherited: Mapping[str, str] = os.environ
) -> ClientEnvironment:
    """Return what a client needs; writes the file of certificates that it shall trust.

    Parameters
    ----------
    settings
        Of the running platform.
    proxy_port
        Where its proxy listens on 127.0.0.1.
    inherited
        The variables that the client would have otherwise.

    Raises
    ------
    UserError
        The keys are missing, or the file of certificates that was set cannot be read.
    """
    keys = read_key_pair(settings.keys_file)
    bundle = str(_write_bundle(settings.ca_folder, inherited))
    proxy = f"http://127.0.0.1:{proxy_port}"
    direct = ",".join(_direct_hosts(settings))
    variables = {
        "AWS_ENDPOINT_URL": settings.api_endpoint,
        "AWS_ENDPOINT_URL_S3": settings.s3_endpoint,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": direct,
        "no_proxy": direct,
        **dict.fromkeys(_BUNDLE_VARIABLES, bundle),
    }
    leading_astray = [
        name for name in inherited if name.startswith(_REMOVED_PREFIX) and name not in variables
    ]
    return ClientEnvironment(variables, (*REMOVED, *sorted(leading_astray)))


def _direct_hosts(settings: PlatformSettings) -> list[str]:
    hosts = ["127.0.0.1", "localhost", "::1"]
    for url in (settings.api_endpoint, settings.s3_endpoint):
        host = urlsplit(url).hostname
        if host and host not in hosts:
            hosts.append(host)
    return hosts


def _write_bundle(ca_folder: Path, inherited: Mapping[str, str]) -> Path:
    own = (ca_folder / CERTIFICATE).read_bytes()
    parent = next((inherited[name] for name in _BUNDLE_VARIABLES if inherited.get(name)), "")
    if parent and Path(parent).parent == ca_folder.absolute():
        return Path(parent)  # a client of this platform starts another
    try:
        trusted = Path(parent or certifi.where()).read_bytes()
    except OSError as error:
        raise UserError(
            f"{parent}: {error.strerror}; {' or '.join(_BUNDLE_VARIABLES)} names it"
        ) from error
    content = trusted + _NEXT_CERTIFICATE + own
    bundle = ca_folder.absolute() / f"bundle-{hashlib.sha256(content).hexdigest()[:12]}.pem"
    if not bundle.exists():
        scratch = bundle.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(content)
        scratch.replace(bundle)
    return bundle
