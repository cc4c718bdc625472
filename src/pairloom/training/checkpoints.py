"""Checkpoints of a run: when they are written, and going on from the newest."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom.errors import UserError
from pairloom.training.checkpoint_content import RunPosition, arrays_of, content_of
from pairloom.training.checkpoint_file import CheckpointFile
from pairloom.training.checkpoint_folder import CheckpointFolder
from pairloom.training.run_fingerprint import refuse_other_run
from pairloom.training.state import TrainingState
from pairloom.training.stopping import BestEpoch

# Writing takes at most about this share of the time when seconds decide.
_LARGEST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where `train` leaves checkpoints and goes on from the newest, and how often.

    Attributes
    ----------
    folder
        Made when it is missing. Holds the last two checkpoints of one run.
    every_seconds
        Time between two, at least; more where writing one takes more than a tenth of it. None:
        time does not matter.
    every_epochs
        One after every so many epochs. None: epochs do not matter.
    """

    folder: str | os.PathLike[str]
    every_seconds: float | None = 60.0
    every_epochs: int | None = None

    def __post_init__(self) -> None:
        if self.every_seconds is not None and not self.every_seconds > 0:
            raise UserError(f"every_seconds is {self.every_seconds}; must be above 0")
        if self.every_epochs is not None and self.every_epochs < 1:
            raise UserError(f"every_epochs is {self.every_epochs}; must be from 1")


class RunCheckpoints:
    """The checkpoints of one run of `train`."""

    def __init__(
        self,
        settings: Checkpoints,
        fingerprint: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._fingerprint = fingerprint
        self._folder = CheckpointFolder(Path(settings.folder))
        self._clock = clock
        self._due_at = self._next_time(0.0)

    def newest(self) -> CheckpointFile | None:
        """Return the newest checkpoint that is whole, or None; it is one of this run.

        Raises
        ------
        UserError
            It was made by a run of other data, hyperparameters or start.
        DataFormatError
            All are damaged.
        """
        checkpoint = self._folder.newest()
        if checkpoint is not None:
            refuse_other_run(checkpoint, self._fingerprint)
        return checkpoint

    def is_due(self, *, epochs_done: int | None = None) -> bool:
        """Say whether it is time; after a whole epoch, with the number of epochs done."""
        every = self._settings.every_epochs
        if epochs_done is not None and every is not None and epochs_done % every == 0:
            return True
        return self._clock() >= self._due_at

    def write(self, position: RunPosition, state: TrainingState, best: BestEpoch | None) -> None:
        """Write a checkpoint; where that fails, training goes on with a warning."""
        began = self._clock()
        content = {"fingerprint": self._fingerprint, **content_of(position, state, best)}
        try:
            self._folder.write(content, arrays_of(state, best))
        except OSError as error:
            warnings.warn(
                f"no checkpoint written, training goes on: {error}", UserWarning, stacklevel=2
            )
        self._due_at = self._next_time(self._clock() - began)

    def _next_time(self, seconds_taken: float) -> float:
        if self._settings.every_seconds is None:
            return float("inf")
        wait = max(self._settings.every_seconds, seconds_taken / _LARGEST_SHARE)
        return self._clock() + wait
