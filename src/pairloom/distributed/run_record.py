"""What a run of several workers notes of itself beside its owners' rounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairloom.errors import DataFormatError, UserError
from pairloom.formats.complete_file import written_beside
from pairloom.training.events import EpochEvent

_NAME = "run.json"


class RunRecord:
    """The epochs that were finished, and the rows that they were trained on.

    Parameters
    ----------
    folder
        Of the owners' rounds.
    rows
        What the rows say of themselves.

    Raises
    ------
    UserError
        The folder holds rounds of other rows.
    DataFormatError
        The file is damaged.
    """

    def __init__(self, folder: Path, rows: str) -> None:
        self._path = folder / _NAME
        self._rows = rows
        self._epochs: list[tuple[int, EpochEvent]] = []
        if self._path.is_file():
            self._read()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._write()

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Say whether a run has noted anything there."""
        return (folder / _NAME).is_file()

    def epochs_until(self, round_number: int) -> tuple[EpochEvent, ...]:
        """Return the epochs that ended with this round or one before; forget those after it."""
        self._epochs = [(number, event) for number, event in self._epochs if number <= round_number]
        return tuple(event for _, event in self._epochs)

    def add(self, round_number: int, event: EpochEvent) -> None:
        """Note an epoch that ended with a committed round."""
        self._epochs.append((round_number, event))
        self._write()

    def _read(self) -> None:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            rows, epochs = content["rows"], content["epochs"]
            self._epochs = [(int(each["round"]), EpochEvent(**each["event"])) for each in epochs]
        except (ValueError, KeyError, TypeError) as error:
            raise DataFormatError(f"{self._path}: no record of a run: {error!r}") from error
        if rows != self._rows:
            raise UserError(
                f"{self._path}: its rounds were trained on rows {rows}; this run has {self._rows}"
            )

    def _write(self) -> None:
        content = {"rows": self._rows, "epochs": _as_objects(self._epochs)}
        with written_beside(self._path) as partial:
            partial.write_text(json.dumps(content), encoding="utf-8")


def _as_objects(epochs: Sequence[tuple[int, EpochEvent]]) -> list[dict[str, Any]]:
    return [{"round": number, "event": asdict(event)} for number, event in epochs]
