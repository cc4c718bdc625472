"""`pairloom.json` in SageMaker's zip: what MXNet's graph and parameters cannot carry."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pairloom.errors import DataFormatError, HyperparameterError
from pairloom.hyperparameters import Hyperparameters, resolve

FORMAT_VERSION = 1

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Extras:
    """The member's content; `trained` is None when every feature was trained.

    `metadata` may hold `feature_names` and `fields`, then one per feature.
    """

    hyperparameters: Hyperparameters
    trained: Mask | None
    metadata: Mapping[str, Any]


def extras_text(
    hyperparameters: Hyperparameters, trained: Mask, metadata: Mapping[str, Any]
) -> str:
    """Return the member; equal content gives equal text."""
    extras = {
        "format_version": FORMAT_VERSION,
        "hyperparameters": hyperparameters.to_dict(),
        "trained_features": None if trained.all() else _bits_text(trained),
        "metadata": dict(metadata),
    }
    return json.dumps(extras, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def read_extras(text: bytes, place: str) -> Extras:
    """Read the member.

    Raises
    ------
    DataFormatError
        The text is not what `extras_text` returns.
    """
    try:
        extras = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"{place}: is no JSON: {error}") from error
    if not isinstance(extras, dict) or extras.get("format_version") != FORMAT_VERSION:
        found = extras.get("format_version") if isinstance(extras, dict) else None
        raise DataFormatError(f"{place}: format_version must be {FORMAT_VERSION}; it is {found!r}")
    for name in ("hyperparameters", "metadata"):
        if not isinstance(extras.get(name), dict):
            raise DataFormatError(f"{place}: {name} must be an object")
    try:
        hyperparameters = resolve(extras["hyperparameters"])
    except HyperparameterError as error:
        raise DataFormatError(f"{place}: {error}") from error
    feature_dim = hyperparameters.feature_dim
    _check_per_feature(extras["metadata"], "feature_names", str, feature_dim, place)
    _check_per_feature(extras["metadata"], "fields", int, feature_dim, place)
    trained = _mask(extras.get("trained_features"), feature_dim, place)
    return Extras(hyperparameters, trained, extras["metadata"])


def _check_per_feature(
    metadata: Mapping[str, Any], name: str, kind: type, feature_dim: int, place: str
) -> None:
    values = metadata.get(name)
    if values is None:
        return
    if not isinstance(values, list) or len(values) != feature_dim:
        found = len(values) if isinstance(values, list) else type(values).__name__
        raise DataFormatError(f"{place}: {name} must be a list of {feature_dim:,}; it is {found}")
    for feature, value in enumerate(values):
        if type(value) is not kind or (isinstance(value, int) and not -(2**31) <= value < 2**31):
            raise DataFormatError(f"{place}: {name}: feature {feature} has {value!r}")


def _bits_text(mask: Mask) -> str:
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()


def _mask(text: object, feature_dim: int, place: str) -> Mask | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise DataFormatError(f"{place}: trained_features must be text or null")
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataFormatError(f"{place}: trained_features is no base64: {error}") from error
    num_bytes = -(-feature_dim // 8)
    if len(packed) != num_bytes:
        raise DataFormatError(
            f"{place}: trained_features must hold {num_bytes:,} bytes; it holds {len(packed):,}"
        )
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")
    if bits[feature_dim:].any():
        raise DataFormatError(f"{place}: trained_features names a feature beyond feature_dim")
    return bits[:feature_dim].astype(bool)
