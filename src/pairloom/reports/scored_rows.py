"""Scores and labels of measured rows, kept with a run: its report then needs no data."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom._core import probabilities
from pairloom.batch import Float32Array, RowBatch
from pairloom.errors import DataError, DataFormatError
from pairloom.model import Model

PARTS = ("validation", "test")

# What NumPy, zip and zlib raise on bytes that are not theirs.
_DAMAGED = (
    ValueError,
    EOFError,
    NotImplementedError,
    SyntaxError,
    TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
_AnyArray: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Labels of rows, and the scores that a model gave them, before the link."""

    labels: Float32Array
    scores: Float32Array


def score_parts(
    model: Model, parts: Mapping[str, RowBatch], *, num_threads: int = 0
) -> dict[str, ScoredRows]:
    """Score what there is of validation and test rows, which have labels."""
    return {
        part: _score_labelled(model, parts[part], num_threads) for part in PARTS if part in parts
    }


def probabilities_of(rows: ScoredRows) -> Float32Array:
    """Return a classifier's probabilities of label 1, as its model gives them."""
    return probabilities(rows.scores)


def write_scored_rows(path: Path, parts: Mapping[str, ScoredRows]) -> None:
    """Write the parts of a run as `.npz`; the same rows give the same bytes.

    Arrays are named `test_labels`, `test_scores` and so on; labels 0 and 1 take a byte each.
    """
    arrays: dict[str, _AnyArray] = {}
    for part, rows in parts.items():
        small = rows.labels.astype(np.uint8) if _all_are_zero_or_one(rows.labels) else None
        arrays[f"{part}_labels"] = rows.labels if small is None else small
        arrays[f"{part}_scores"] = rows.scores
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # stubs think of allow_pickle


def read_scored_rows(path: Path) -> dict[str, ScoredRows]:
    """Read what `write_scored_rows` wrote, in the order of `PARTS`.

    Raises
    ------
    DataFormatError
        The file is damaged or holds other arrays; the message names the rule.
    """
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else {}
    except _DAMAGED as error:
        raise DataFormatError(f"{path}: not a readable NumPy file: {error}") from error
    names = _names_of(part for part in PARTS if f"{part}_labels" in arrays)
    if set(arrays) != set(names):
        held = ", ".join(sorted(arrays))[:200] or "nothing"
        raise DataFormatError(
            f"{path}: holds {held}; expected {', '.join(_names_of(PARTS))}, all or of one part"
        )
    return {name[: -len("_labels")]: _part(path, arrays, name) for name in names[::2]}


def _score_labelled(model: Model, rows: RowBatch, num_threads: int) -> ScoredRows:
    if rows.labels is None:
        raise DataError("rows to report on need labels")
    return ScoredRows(rows.labels, model.score_rows(rows, num_threads=num_threads))


def _names_of(parts: Iterable[str]) -> list[str]:
    return [f"{part}_{what}" for part in parts for what in ("labels", "scores")]


def _part(path: Path, arrays: Mapping[str, _AnyArray], labels_name: str) -> ScoredRows:
    scores_name = labels_name.replace("labels", "scores")
    labels, scores = arrays[labels_name], arrays[scores_name]
    for name, array, types in (
        (labels_name, labels, (np.uint8, np.float32)),
        (scores_name, scores, (np.float32,)),
    ):
        if array.dtype not in types or array.ndim != 1 or array.shape != labels.shape:
            raise DataFormatError(
                f"{path}: {name} is {array.dtype} of shape {array.shape}; expected "
                f"{' or '.join(np.dtype(kind).name for kind in types)}, one for each row"
            )
        if not np.isfinite(array).all():
            raise DataFormatError(f"{path}: {name} holds what is not finite")
    return ScoredRows(labels.astype(np.float32), scores)


def _all_are_zero_or_one(labels: Float32Array) -> bool:
    return bool(np.all((labels == 0) | (labels == 1)))
