"""Whether and how often a job leaves checkpoints, as its environment says."""

from __future__ import annotations

from pairloom.container.environment import (
    CHECKPOINT_EPOCHS,
    CHECKPOINT_SECONDS,
    Environment,
    value,
)
from pairloom.container.job_folder import JobFolder
from pairloom.hyperparameters.domains import POSITIVE, Integer
from pairloom.training import Checkpoints


def configured_checkpoints(folder: JobFolder, environment: Environment) -> Checkpoints | None:
    """Return when to write them: as asked for, or every minute where their folder was made.

    SageMaker makes the folder for a job that has a CheckpointConfig.
    """
    every_seconds = value(environment, CHECKPOINT_SECONDS, POSITIVE)
    every_epochs = value(environment, CHECKPOINT_EPOCHS, Integer())
    if every_seconds is not None or every_epochs is not None:
        return Checkpoints(
            folder.checkpoints, every_seconds=every_seconds, every_epochs=every_epochs
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
