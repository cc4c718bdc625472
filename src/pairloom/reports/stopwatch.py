"""How long a part of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def measured(seconds: dict[str, float], part: str) -> Iterator[None]:
    """Put the seconds that the block took under the name of its part."""
    started = time.perf_counter()
    yield
    seconds[part] = time.perf_counter() - started
