"""The folder of a run's checkpoints: the last two, each complete or not there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pairloom.errors import DataFormatError
from pairloom.formats.complete_file import sync
from pairloom.formats.full_disk import naming_full_disk
from pairloom.training.checkpoint_file import CheckpointFile, write_checkpoint

KEPT = 2

_NAME = re.compile(r"checkpoint-(\d{8})")
_PARTIAL = "checkpoint.partial"


class CheckpointFolder:
    """Reads the newest checkpoint that is whole, and writes the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole: list[Path] = []

    def newest(self) -> CheckpointFile | None:
        """Return the newest checkpoint, or None without any.

        A damaged one is passed over with a warning.

        Raises
        ------
        DataFormatError
            There are checkpoints and all are damaged.
        """
        paths = self._checkpoints()
        damage: list[str] = []
        for place, path in enumerate(reversed(paths)):
            try:
                checkpoint = CheckpointFile(path)
            except DataFormatError as error:
                damage.append(str(error))
                continue
            for problem in damage:
                warnings.warn(f"{problem}; going on from {path.name}", UserWarning, stacklevel=2)
            self._whole = paths[: len(paths) - place]
            return checkpoint
        if damage:
            raise DataFormatError("; ".join(damage))
        return None

    def write(
        self, content: Mapping[str, Any], arrays: Iterable[tuple[str, npt.NDArray[Any]]]
    ) -> Path:
        """Write the next checkpoint; what is older than the last two whole ones goes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / _PARTIAL
        with naming_full_disk("a checkpoint", partial):
            write_checkpoint(partial, content, arrays)
        path = self._folder / f"checkpoint-{self._last_number() + 1:08d}"
        partial.replace(path)
        sync(self._folder)
        self._whole = [*self._whole, path][-KEPT:]
        for other in self._checkpoints():
            if other not in self._whole:
                other.unlink()
        return path

    def _checkpoints(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def _last_number(self) -> int:
        numbers = (_NAME.fullmatch(path.name) for path in self._checkpoints())
        return max((int(number[1]) for number in numbers if number), default=0)
