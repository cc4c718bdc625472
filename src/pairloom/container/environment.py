"""Environment variables that a job heeds beside its files."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pairloom.errors import UserError
from pairloom.hyperparameters.domains import Flag

CHECKPOINT_SECONDS = "PAIRLOOM_CHECKPOINT_SECONDS"
CHECKPOINT_EPOCHS = "PAIRLOOM_CHECKPOINT_EPOCHS"
PIPE_WAIT_SECONDS = "PAIRLOOM_PIPE_WAIT_SECONDS"
REPORT = "PAIRLOOM_REPORT"
ONE_PROCESS = "PAIRLOOM_ONE_PROCESS"  # set by who gives one host the data of all

Environment = Mapping[str, str]


def seconds(environment: Environment, name: str) -> float | None:
    """Read a time above 0; None when it is unset or empty."""
    text = environment.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise _refused(name, text, "a number of seconds above 0")
    return value


def count(environment: Environment, name: str) -> int | None:
    """Read a whole number from 1; None when it is unset or empty."""
    text = environment.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise _refused(name, text, "a whole number from 1")
    return int(text)


def flag(environment: Environment, name: str, *, default: bool) -> bool:
    """Read true or false."""
    text = environment.get(name)
    if not text:
        return default
    try:
        return Flag().read(text)
    except ValueError as rule:
        raise _refused(name, text, str(rule)) from rule


def _refused(name: str, text: str, rule: str) -> UserError:
    return UserError(f"{name}: {text!r} is refused; must be {rule}")
