"""The serve program: what the folder and the environment of a container say, as settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from pairloom.container.environment import value
from pairloom.errors import UserError
from pairloom.hyperparameters.domains import Integer
from pairloom.serving.server import serve
from pairloom.serving.settings import (
    DEFAULT_PAYLOAD_MEBIBYTES,
    DEFAULT_PORT,
    DEFAULT_REQUEST_TIMEOUT_SECONDS,
    MOST_PAYLOAD_MEBIBYTES,
    BatchStrategy,
    ServerSettings,
)

ARTIFACT = Path("model/model_algo-1")

_PAYLOAD = Integer(1, MOST_PAYLOAD_MEBIBYTES)


def main(
    root: Path,
    *,
    host: str | None = None,
    port: int | None = None,
    num_workers: int = 0,
    cache: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Serve the model of a root folder until SIGTERM; returns the exit code."""
    told = settings_of(root, environment)
    settings = replace(
        told,
        host=host or told.host,
        port=told.port if port is None else port,
        num_workers=num_workers or told.num_workers,
        cache=cache or told.cache,
    )
    _refuse_cache_under(root, settings.cache)
    serve(settings)
    return 0


def settings_of(root: Path, environment: Mapping[str, str]) -> ServerSettings:
    """Return the settings of a container by its environment alone.

    Raises
    ------
    UserError
        A variable breaks its rule; names it.
    """
    in_batch = environment.get("SAGEMAKER_BATCH", "").lower() == "true"
    payload = value(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", _PAYLOAD)
    return ServerSettings(
        artifact=root / ARTIFACT,
        cache=_path(environment, "PAIRLOOM_MODEL_CACHE"),
        host=environment.get("PAIRLOOM_HOST") or "127.0.0.1",
        port=_port(environment),
        num_workers=value(environment, "PAIRLOOM_WORKERS", Integer(1, 1024)) or 0,
        max_payload_mebibytes=(in_batch and payload) or DEFAULT_PAYLOAD_MEBIBYTES,
        batch_strategy=_strategy(environment),
        max_concurrent_transforms=value(
            environment, "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", _PAYLOAD
        )
        or 0,
        request_timeout_seconds=value(
            environment, "PAIRLOOM_REQUEST_TIMEOUT_SECONDS", Integer(1, 3600)
        )
        or DEFAULT_REQUEST_TIMEOUT_SECONDS,
    )


def _refuse_cache_under(root: Path, cache: Path | None) -> None:
    if cache is not None and root.resolve() in (cache.resolve(), *cache.resolve().parents):
        raise UserError(f"the cache {cache} lies under {root}, where serving writes nothing")


def _port(environment: Mapping[str, str]) -> int:
    told = value(environment, "SAGEMAKER_BIND_TO_PORT", Integer(0, 65535))
    port = DEFAULT_PORT if told is None else told
    text = environment.get("SAGEMAKER_SAFE_PORT_RANGE")
    if not text or "SAGEMAKER_BIND_TO_PORT" not in environment:
        return port
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    if found is None:
        raise UserError(f"SAGEMAKER_SAFE_PORT_RANGE is {text!r}; expected two ports, as 8080-9000")
    if not int(found[1]) <= port <= int(found[2]):
        raise UserError(
            f"SAGEMAKER_BIND_TO_PORT is {port}, outside SAGEMAKER_SAFE_PORT_RANGE, {text}"
        )
    return port


def _strategy(environment: Mapping[str, str]) -> BatchStrategy:
    text = environment.get("SAGEMAKER_BATCH_STRATEGY", "MULTI_RECORD").upper().replace("-", "_")
    strategies = {name.replace("_", ""): name for name in get_args(BatchStrategy)}
    chosen = strategies.get(text.replace("_", ""))
    if chosen is None:
        raise UserError(
            f"SAGEMAKER_BATCH_STRATEGY is {text!r}; expected {' or '.join(strategies.values())}"
        )
    return cast("BatchStrategy", chosen)


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return Path(text) if text else None
