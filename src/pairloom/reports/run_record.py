"""What a run's folder says of the run: model, measurements, scored rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairloom.errors import DataError, DataFormatError, UserError
from pairloom.formats.binary_labels import check_labels
from pairloom.model import Model
from pairloom.reports.run_folder import METRICS_FILE, SCORES_FILE, model_file
from pairloom.reports.scored_rows import ScoredRows, read_scored_rows
from pairloom.training import EpochEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A finished run.

    Attributes
    ----------
    model
        As it was saved.
    history
        One event for each epoch; empty where the folder holds a model alone.
    best_epoch
        Which of them the model is from, counted from 0.
    test
        Metrics on the test rows; may be empty.
    seconds
        What reading, training and so on took.
    version
        Of Pairloom, as the run was made.
    scored
        Validation and test rows, where they were kept.
    """

    model: Model
    history: tuple[EpochEvent, ...]
    best_epoch: int
    test: Mapping[str, float]
    seconds: Mapping[str, float]
    version: str
    scored: Mapping[str, ScoredRows]


def read_run(folder: Path) -> RunRecord:
    """Read what `pairloom train` wrote; measurements may be missing, but not broken.

    Raises
    ------
    UserError
        It is no folder of a run.
    DataFormatError
        A file in it is damaged; the message names file, place and rule.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no folder; `pairloom train` writes one that can be reported on")
    model = Model.load(model_file(folder))
    metrics = _Metrics(folder / METRICS_FILE)
    scores = folder / SCORES_FILE
    history = metrics.history()
    scored = read_scored_rows(scores) if scores.is_file() else {}
    for part, rows in scored.items():
        _check_labels(scores, part, rows, model)
    return RunRecord(
        model=model,
        history=history,
        best_epoch=metrics.best_epoch(len(history)),
        test=metrics.numbers("test", metrics.document.get("test", {})),
        seconds=metrics.numbers("seconds", metrics.document.get("seconds", {})),
        version=str(metrics.document.get("pairloom_version", "")),
        scored=scored,
    )


class _Metrics:
    """The file of measurements, which anyone may have written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.document: dict[str, Any] = {}
        if not path.is_file():
            return
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise DataFormatError(f"{path}: not readable as JSON: {error}") from error
        if not isinstance(document, dict):
            raise self._malformed("it", document, "an object")
        self.document = document

    def history(self) -> tuple[EpochEvent, ...]:
        events = self.document.get("history", [])
        if not isinstance(events, list):
            raise self._malformed("history", events, "a list of epochs")
        return tuple(self._event(number, event) for number, event in enumerate(events))

    def best_epoch(self, num_epochs: int) -> int:
        best = self.document.get("best_epoch", max(0, num_epochs - 1))
        if not _is_count(best) or (num_epochs and best >= num_epochs):
            raise self._malformed("best_epoch", best, f"an epoch, 0 to {num_epochs - 1}")
        return int(best)

    def numbers(self, place: str, values: object) -> dict[str, float]:
        """Return named numbers; null is one that was not finite."""
        if not isinstance(values, dict):
            raise self._malformed(place, values, "an object of numbers")
        for name, value in values.items():
            if value is not None and not _is_number(value):
                raise self._malformed(f"{place}.{name}", value, "a number or null")
        return {name: math.nan if value is None else float(value) for name, value in values.items()}

    def _event(self, number: int, event: object) -> EpochEvent:
        place = f"history[{number}]"
        if not isinstance(event, dict):
            raise self._malformed(place, event, "an object")
        rows, seconds = event.get("rows", 0), event.get("seconds", 0.0)
        if not _is_count(rows):
            raise self._malformed(f"{place}.rows", rows, "a count")
        if not _is_number(seconds):
            raise self._malformed(f"{place}.seconds", seconds, "a number")
        factor = event.get("learning_rate_factor", 1.0)
        if not _is_number(factor):
            raise self._malformed(f"{place}.learning_rate_factor", factor, "a number")
        return EpochEvent(
            epoch=number,
            train=self.numbers(f"{place}.train", event.get("train", {})),
            validation=self.numbers(f"{place}.validation", event.get("validation", {})),
            rows=rows,
            seconds=float(seconds),
            learning_rate_factor=float(factor),
        )

    def _malformed(self, place: str, value: object, expected: str) -> DataFormatError:
        return DataFormatError(
            f"{self._path}: {place} is {' '.join(repr(value).split())[:60]}; expected {expected}"
        )


def _check_labels(path: Path, part: str, rows: ScoredRows, model: Model) -> None:
    try:
        check_labels(rows.labels, model.predictor_type)
    except DataError as error:
        raise DataFormatError(f"{path}: {part} rows: {error}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
