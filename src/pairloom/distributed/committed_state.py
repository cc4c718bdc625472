"""The state of a run as its owners committed it, for who follows the run without training."""

from __future__ import annotations

from pathlib import Path

from pairloom.distributed.round_folder import RoundFolder, owner_folder
from pairloom.distributed.settings import DistributedSettings
from pairloom.training.state import TrainingState


class CommittedState:
    """Reads the owners' files when a round's parameters are asked for.

    Parameters
    ----------
    folder
        Of the run, in which every owner has its own.
    start
        Where the run starts; it becomes the state of each round that is read.
    """

    def __init__(self, folder: Path, start: TrainingState, settings: DistributedSettings) -> None:
        self._state = start
        self._number = 0
        self._folders = [
            RoundFolder(owner_folder(folder, owner), start.hyperparameters, settings, owner)
            for owner in range(settings.num_owners)
        ]

    def at(self, number: int) -> TrainingState:
        """Return the state after a committed round, or the start after round 0.

        Rounds are read in ascending order: an entry that training has touched once is in the files
        of every later round.

        Raises
        ------
        PlatformError
            A growing table has no room for the features.
        """
        if number != self._number:
            for folder in self._folders:
                self._read(folder, number)
            self._number = number
        return self._state

    def _read(self, folder: RoundFolder, number: int) -> None:
        trainer = self._state.trainer
        for part in folder.read(number, trainer.num_factors, trainer.state_slots):
            with self._state.making_entries():
                part.write_to(trainer)
