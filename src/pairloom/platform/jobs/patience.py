"""Calls of the store that are repeated while the database is locked or away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pairloom.errors import PairloomError

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.5


def patiently(
    call: Callable[[], T],
    keep_on: Callable[[], None] = lambda: None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> T:
    """Call until the database answers; what Pairloom itself raises is an answer."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return call()
        except PairloomError:
            raise
        except Exception as error:
            if time.monotonic() > deadline:
                raise
            _LOGGER.warning("the store does not answer, trying again: %s", error)
        keep_on()
        time.sleep(_PAUSE_SECONDS)
