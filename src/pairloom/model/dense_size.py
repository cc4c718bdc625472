"""Whether arrays of all features fit in memory, of a model whose table holds only those seen."""

from __future__ import annotations

from pairloom.errors import DataError
from pairloom.runtime import allowed_memory_bytes

_VALUE_BYTES = 4
_MEMORY_SHARE = 0.5  # of what the process may use


def refuse_too_many(feature_dim: int, values_each: int, instead: str) -> None:
    """Raise DataError unless so many float32 values for each feature fit in half the memory."""
    num_bytes = feature_dim * values_each * _VALUE_BYTES
    most = int(allowed_memory_bytes() * _MEMORY_SHARE)
    if num_bytes > most:
        raise DataError(
            f"{values_each} values for each of {feature_dim:,} features are {num_bytes:,} bytes; "
            f"at most {most:,} are taken, half of the memory; {instead}"
        )


def refuse_too_large_for_sagemaker(feature_dim: int, num_factors: int) -> None:
    """Raise DataError unless SageMaker's artifact, which holds all features, fits in memory."""
    try:
        refuse_too_many(feature_dim, num_factors + 1, "save as .pairloom, which holds those seen")
    except DataError as error:
        raise DataError(f"SageMaker's artifact holds every feature: {error}") from error
