"""What every operation is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pairloom.platform.settings import PlatformSettings
from pairloom.platform.store import Store

Members: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform that a call is made to."""

    settings: PlatformSettings
    store: Store


Operation: TypeAlias = Callable[[Platform, Members], Members]
