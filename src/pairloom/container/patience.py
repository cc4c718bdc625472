"""Work that is left alone when the job is asked to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_SECONDS = 0.05


class LeftAloneError(Exception):
    """The job was asked to end before the work was done; its thread goes on until then."""


def unless_stopped(stop_requested: Callable[[], bool], work: Callable[[], T]) -> T:
    """Return what the work returns, or raise what it raises.

    It runs in a thread of its own, so that neither a long native call nor a pipe that nobody
    writes to keeps the job from ending.

    Raises
    ------
    LeftAloneError
        `stop_requested` became true first.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []
    finished = threading.Event()

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
            failure.append(error)
        finally:
            finished.set()

    threading.Thread(target=run, daemon=True).start()
    while not finished.wait(_LOOK_SECONDS):
        if stop_requested():
            raise LeftAloneError
    if failure:
        raise failure[0]
    return outcome[0]
