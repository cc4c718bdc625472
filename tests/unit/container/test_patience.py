"""Work in a thread that is left alone on request."""

from __future__ import annotations

import threading
import time

import pytest

from pairloom.container.patience import LeftAloneError, unless_stopped


def test_what_the_work_returns_or_raises_comes_back() -> None:
    assert unless_stopped(lambda: False, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        unless_stopped(lambda: False, lambda: 1 // 0)


def test_work_is_left_alone_when_the_job_is_to_end() -> None:
    never = threading.Event()
    began = time.monotonic()
    with pytest.raises(LeftAloneError):
        unless_stopped(lambda: time.monotonic() - began > 0.1, lambda: never.wait(60))
    never.set()
    assert time.monotonic() - began < 5


def test_work_that_is_done_counts_even_when_the_job_is_to_end() -> None:
    assert unless_stopped(lambda: True, lambda: "done") == "done"
