"""Calls of the store that are repeated while the database is locked or away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pairloom.platform.store import StoreAwayError

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
    """Call until the database answers.

    Raises
    ------
    StoreAwayError
        It did not in all that time.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return call()
        except StoreAwayError as error:
            if time.monotonic() > deadline:
                raise
            _LOGGER.warning("trying again: %s", error)
        keep_on()
        time.sleep(_PAUSE_SECONDS)
