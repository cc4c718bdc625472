"""Whether and how often a job leaves checkpoints, as its environment says."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pairloom.container.job_folder import JobFolder
from pairloom.errors import UserError
from pairloom.training import Checkpoints

SECONDS = "PAIRLOOM_CHECKPOINT_SECONDS"
EPOCHS = "PAIRLOOM_CHECKPOINT_EPOCHS"


def configured_checkpoints(folder: JobFolder, environment: Mapping[str, str]) -> Checkpoints | None:
    """Return when to write them: as asked for, or every minute where their folder was made.

    SageMaker makes the folder for a job that has a CheckpointConfig.
    """
    seconds, epochs = environment.get(SECONDS), environment.get(EPOCHS)
    if seconds or epochs:
        return Checkpoints(
            folder.checkpoints,
            every_seconds=_seconds(seconds) if seconds else None,
            every_epochs=_epochs(epochs) if epochs else None,
        )
    return Checkpoints(folder.checkpoints) if folder.checkpoints.is_dir() else None


def describe(checkpoints: Checkpoints | None) -> str:
    """Say what was chosen."""
    if checkpoints is None:
        return "Checkpoint loading and saving are disabled."
    often = []
    if checkpoints.every_seconds is not None:
        often.append(f"{checkpoints.every_seconds:g} seconds")
    if checkpoints.every_epochs is not None:
        often.append(f"{checkpoints.every_epochs} epochs")
    return f"Checkpoints are written to {checkpoints.folder} every {' and every '.join(often)}."


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UserError(f"{SECONDS}: {text!r} is refused; must be a number of seconds above 0")
    return seconds


def _epochs(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UserError(f"{EPOCHS}: {text!r} is refused; must be a whole number of epochs from 1")
    return int(text)
