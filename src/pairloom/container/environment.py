"""Environment variables that a job heeds beside its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pairloom.errors import UserError
from pairloom.hyperparameters.domains import Flag, Readable

CHECKPOINT_SECONDS = "PAIRLOOM_CHECKPOINT_SECONDS"
CHECKPOINT_EPOCHS = "PAIRLOOM_CHECKPOINT_EPOCHS"
PIPE_WAIT_SECONDS = "PAIRLOOM_PIPE_WAIT_SECONDS"
MAX_MEMORY = "PAIRLOOM_MAX_MEMORY"
REPORT = "PAIRLOOM_REPORT"
WORKER_MODE = "PAIRLOOM_WORKER_MODE"
WORKER_STALENESS = "PAIRLOOM_WORKER_STALENESS"
ONE_PROCESS = "PAIRLOOM_ONE_PROCESS"  # set by who gives one host the data of all
RAY_ADDRESS = "PAIRLOOM_RAY_ADDRESS"  # set with it

T = TypeVar("T")

Environment = Mapping[str, str]


def value(environment: Environment, name: str, domain: Readable[T]) -> T | None:
    """Read a variable; None when it is unset or empty.

    Raises
    ------
    UserError
        The text breaks the domain's rule; names both.
    """
    text = environment.get(name)
    if not text:
        return None
    try:
        return domain.read(text)
    except ValueError as rule:
        raise UserError(f"{name}: {text!r} is refused; must be {rule}") from rule


def flag(environment: Environment, name: str, *, default: bool) -> bool:
    """Read true or false."""
    told = value(environment, name, Flag())
    return default if told is None else told
