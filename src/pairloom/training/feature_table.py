"""Whether a model in training has an entry for every feature or makes them as they are seen."""

from __future__ import annotations

from pairloom._core import Growth, entry_bytes
from pairloom.errors import PlatformError
from pairloom.hyperparameters import Hyperparameters
from pairloom.runtime import allowed_memory_bytes
from pairloom.training.optimizer_settings import optimizer_settings

LARGEST_FIXED_BYTES = 16 * 2**30

# Beside its entry: the feature's number and when it was last met; of the table from features to
# entries 11 to 21 bytes, and while it is made anew half as much again.
_STAMP_BYTES = 4
_NUMBER_BYTES = 4
_MOST_INDEX_BYTES = 32

_MEMORY_SHARE = 0.75  # of what the process may use


def grows(settings: Hyperparameters) -> bool:
    """Say whether entries are made as features are seen."""
    if settings.feature_table != "auto":
        return settings.feature_table == "growing"
    bytes_each = _entry_bytes(settings) + _STAMP_BYTES
    return settings.lazy_update and settings.feature_dim * bytes_each > LARGEST_FIXED_BYTES


def bytes_per_feature(settings: Hyperparameters) -> int:
    """Return what one feature of a growing table takes, at most."""
    return _entry_bytes(settings) + _STAMP_BYTES + _NUMBER_BYTES + _MOST_INDEX_BYTES


def growth_of(settings: Hyperparameters) -> Growth | None:
    """Return for how many features memory has room, or None for a table of all features."""
    if not grows(settings):
        return None
    each = bytes_per_feature(settings)
    room = int(allowed_memory_bytes() * _MEMORY_SHARE) // each
    return Growth(
        min(settings.feature_dim, room), settings.admission_count, each // _MOST_INDEX_BYTES
    )


def no_room_for_features(
    settings: Hyperparameters, features: int, waiting: int = 0
) -> PlatformError:
    """Return the error of a table that has grown as far as memory allows."""
    each = bytes_per_feature(settings)
    taken = features * each + waiting * _MOST_INDEX_BYTES
    counted = f" and counts {waiting:,} of {_MOST_INDEX_BYTES}" if waiting else ""
    return PlatformError(
        f"no memory for more features: the table holds {features:,} of {each} bytes each{counted}, "
        f"{taken:,} bytes of the {allowed_memory_bytes():,} that this process may use. "
        f"Fewer num_factors (now {settings.num_factors}), an optimizer that keeps less than "
        f"{settings.optimizer}, or hash_bits take less"
    )


def no_room_for_table(settings: Hyperparameters) -> MemoryError:
    """Return the error of a table that there is no address space, or no memory, for."""
    growth = growth_of(settings)
    if growth is not None:
        return MemoryError(
            f"no address space for a table of up to {growth.most_entries:,} features of "
            f"{bytes_per_feature(settings)} bytes each: is it limited, as by ulimit -v?"
        )
    each = _entry_bytes(settings) + _STAMP_BYTES
    return MemoryError(
        f"no memory for feature_dim {settings.feature_dim} with num_factors "
        f"{settings.num_factors} and the optimizer's state: {each} bytes for each feature, "
        f"{settings.feature_dim * each:,} in all; with feature_table=growing only those that "
        "training rows hold take memory"
    )


def _entry_bytes(settings: Hyperparameters) -> int:
    return entry_bytes(settings.num_factors, optimizer_settings(settings))
