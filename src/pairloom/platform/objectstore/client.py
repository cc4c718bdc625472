"""A client for the platform's object store, embedded or not."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

from pairloom.platform.identity import KeyPair, read_key_pair
from pairloom.platform.settings import PlatformSettings

_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 60


def s3_client(settings: PlatformSettings, *, attempts: int = 5) -> Any:
    """Return a client that signs with the platform's own key pair.

    Parameters
    ----------
    settings
        Names the store's URL, the region and the file of the key pair.
    attempts
        How often a request that met a fault of the store is made in all.

    Raises
    ------
    UserError
        The file of the key pair is not there or is damaged.
    """
    return s3_client_for(
        settings.s3_endpoint, read_key_pair(settings.keys_file), settings.region, attempts=attempts
    )


def s3_client_for(url: str, keys: KeyPair, region: str, *, attempts: int = 5) -> Any:
    """Return a client for the store at a URL; buckets stand in the path, not in the host's name."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            proxies={},
        ),
    )
