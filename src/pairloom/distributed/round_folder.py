"""The folder of an owner's committed rounds: each whole or not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pairloom.distributed.row_differences import UNCOUNTED, RoundSummary, RowDifferences
from pairloom.distributed.settings import DistributedSettings
from pairloom.errors import DataFormatError, UserError
from pairloom.formats.complete_file import written_beside
from pairloom.hyperparameters import Hyperparameters
from pairloom.training.checkpoint_file import CheckpointFile, write_checkpoint
from pairloom.training.run_fingerprint import refuse_other_run

_WHOLE, _CHANGES = ".whole", ".changes"
_NAME = re.compile(r"round-(\d{8})\.(whole|changes)")


def owner_folder(folder: Path, owner: int) -> Path:
    """Return where in a run's folder an owner commits its rounds."""
    return folder / f"owner-{owner}"


class RoundFolder:
    """Files of all entries, and after each those of what changed.

    The last two rounds can be read, since owners that are killed may differ by one, and as many
    more as workers run ahead: so many may be committed while one is read by who follows the run.
    """

    def __init__(
        self,
        folder: Path,
        hyperparameters: Hyperparameters,
        settings: DistributedSettings,
        owner: int,
    ) -> None:
        self._folder = folder
        self._staleness = settings.staleness
        self._fingerprint = {
            "hyperparameters": hyperparameters.to_dict(),
            **settings.to_dict(),
            "owner": owner,
        }

    def numbers(self) -> tuple[int, ...]:
        """Return the rounds that can be read, ascending."""
        files = self._files()
        first = min((each for each, path in files.items() if path.suffix == _WHOLE), default=None)
        return tuple(sorted(each for each in files if first is not None and each >= first))

    def write(self, entries: RowDifferences, *, whole: bool) -> None:
        """Write all entries, or those changed since the round written before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        content = {
            "fingerprint": self._fingerprint,
            "num_entries": len(entries.ids),
            "summary": asdict(entries.summary),
        }
        arrays = ((name, getattr(entries, name)) for name in ("ids", "linear", "factors", "state"))
        number = entries.summary.number
        path = self._folder / f"round-{number:08d}{_WHOLE if whole else _CHANGES}"
        with written_beside(path) as partial:
            write_checkpoint(partial, content, arrays)
        files = self._files().items()
        first_needed = number - 1 - self._staleness
        before = [each for each, path in files if path.suffix == _WHOLE and each <= first_needed]
        self._forget(lambda each: each < max(before, default=0))

    def read(self, number: int, num_factors: int, state_slots: int) -> list[RowDifferences]:
        """Return all entries up to this round, then what changed.

        Raises
        ------
        UserError
            The round was not committed, or by a run of other settings.
        DataFormatError
            Its files are damaged.
        """
        numbers = self.numbers()
        if number not in numbers:
            raise UserError(
                f"{self._folder}: round {number} was not committed; there are "
                f"{', '.join(map(str, numbers)) or 'none'}"
            )
        files = self._files()
        first = max(each for each in numbers if each <= number and files[each].suffix == _WHOLE)
        return [
            self._entries(CheckpointFile(files[each]), num_factors, state_slots)
            for each in numbers
            if first <= each <= number
        ]

    def forget_after(self, number: int) -> None:
        """Delete the rounds after this one, whose numbers will be given again."""
        self._forget(lambda each: each > number)

    def _entries(self, file: CheckpointFile, num_factors: int, state_slots: int) -> RowDifferences:
        refuse_other_run(file, self._fingerprint)
        try:
            size = int(file.content["num_entries"])
            fields = dict(file.content["summary"])
            summary = RoundSummary(
                **{
                    **fields,
                    "bias_state": tuple(fields["bias_state"]),
                    "positions": tuple(fields["positions"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataFormatError(f"{file.path}: no content of a round: {error!r}") from error
        return RowDifferences(
            file.array("ids", np.int64, (size,)),
            file.array("linear", np.float32, (size,)),
            file.array("factors", np.float32, (size, num_factors)),
            file.array("state", np.float32, (size, state_slots, 1 + num_factors)),
            UNCOUNTED,
            summary,
        )

    def _files(self) -> dict[int, Path]:
        if not self._folder.is_dir():
            return {}
        names = ((path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir())
        return {int(name[1]): path for path, name in names if name}

    def _forget(self, is_old: Callable[[int], bool]) -> None:
        for number, path in self._files().items():
            if is_old(number):
                path.unlink()
