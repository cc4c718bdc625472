"""What a training run writes, model and measurements: complete or not there at all."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pairloom.errors import UserError
from pairloom.formats.complete_file import sync
from pairloom.model import Model
from pairloom.model.native import is_native
from pairloom.model.sagemaker import is_artifact, is_artifact_name
from pairloom.reports.scored_rows import ScoredRows, write_scored_rows
from pairloom.training import TrainingResult

MODEL_FILE = "model.pairloom"
METRICS_FILE = "metrics.json"
SCORES_FILE = "scores.npz"
REPORT_FOLDER = "report"
REPORT_PAGE = "report.html"
# A folder may hold SageMaker's artifact instead: as it was downloaded, or unpacked.
MODEL_FILES = (MODEL_FILE, "model.tar.gz", "model_algo-1")


def model_file(path: Path) -> Path:
    """Return the model of a run's folder; a path to the model file itself is taken as it is."""
    if not path.is_dir():
        return path
    for name in MODEL_FILES:
        if (path / name).is_file():
            return path / name
    raise UserError(f"{path}: holds no {MODEL_FILE}; `pairloom train` writes such a folder")


def holds_model(path: Path) -> bool:
    """Say whether a path is a run's folder or a model file, rather than data."""
    if path.is_dir():
        return any((path / name).is_file() for name in MODEL_FILES)
    return path.is_file() and (is_native(path) or is_artifact(path))


def refuse_unwritable_output(output: Path, *, overwrite: bool) -> None:
    """Raise UserError unless a run may be written there: a folder, or SageMaker's artifact."""
    if not is_artifact_name(output):
        refuse_unwritable_folder(output, overwrite=overwrite)
        return
    if output.is_dir():
        raise UserError(f"{output}: exists and is a folder")
    _refuse_unwritable_place(output)
    if output.exists() and not overwrite:
        raise UserError(f"{output}: exists; name a new file or add --overwrite")


def write_run(
    output: Path,
    model: Model,
    metrics: Mapping[str, Any],
    scored: Mapping[str, ScoredRows],
    *,
    overwrite: bool = False,
) -> None:
    """Write the folder of a run; of SageMaker's artifact, which has no metrics, the model alone."""
    refuse_unwritable_output(output, overwrite=overwrite)
    if not is_artifact_name(output):
        write_run_folder(output, model, metrics, scored, overwrite=overwrite)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    model.save(output)


def refuse_unwritable_folder(folder: Path, *, overwrite: bool) -> None:
    """Raise UserError unless a run may be written there: nothing but an older run is replaced."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: exists and is not a folder")
    _refuse_unwritable_place(folder)
    held = sorted(folder.iterdir()) if folder.is_dir() else []
    foreign = [path.name for path in held if not _is_part_of_a_run(path)]
    if foreign:
        raise UserError(f"{folder}: holds {foreign[0]}, no part of a run; name a new folder")
    if held and not overwrite:
        raise UserError(f"{folder}: holds an earlier run; name a new folder or add --overwrite")


def write_run_folder(
    folder: Path,
    model: Model,
    metrics: Mapping[str, Any],
    scored: Mapping[str, ScoredRows] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write the files of a run as one folder that appears complete."""
    refuse_unwritable_folder(folder, overwrite=overwrite)
    with folder_written_beside(folder) as written:
        model.save(written / MODEL_FILE)
        (written / METRICS_FILE).write_text(metrics_text(metrics), encoding="utf-8")
        if scored:
            write_scored_rows(written / SCORES_FILE, scored)


@contextmanager
def folder_written_beside(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write files into, which then takes its place by renaming.

    A failure leaves what was there before.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pairloom-", dir=folder.parent) as scratch:
        written = Path(scratch) / "new"
        written.mkdir()
        yield written
        for path in (*written.iterdir(), written):
            sync(path)
        _move_into_place(written, folder, Path(scratch) / "old")
    sync(folder.parent)


def is_report_folder(folder: Path) -> bool:
    """Say whether a folder is empty or holds a report and nothing else."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else None
    if not names:
        return names is not None
    return REPORT_PAGE in names and all(
        name == REPORT_PAGE or name.endswith(".png") for name in names
    )


def run_metrics(result: TrainingResult) -> dict[str, Any]:
    """Return what a run measured, in types that JSON can carry."""
    return {
        "pairloom_version": version("pairloom"),
        "hyperparameters": result.model.hyperparameters.to_dict(),
        "epochs_run": result.epochs_run,
        "best_epoch": result.best_epoch,
        "interrupted": result.interrupted,
        "history": [asdict(epoch) for epoch in result.history],
    }


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """Return metrics as JSON, in which what is not a finite number is null."""
    return json.dumps(_finite(metrics), indent=2, allow_nan=False) + "\n"


def _is_part_of_a_run(path: Path) -> bool:
    if path.name == REPORT_FOLDER:
        return is_report_folder(path)
    return path.name in {MODEL_FILE, METRICS_FILE, SCORES_FILE}


def _refuse_unwritable_place(output: Path) -> None:
    # Found out before training rather than after it.
    beside = next(parent for parent in output.resolve().parents if parent.exists())
    if not beside.is_dir() or not os.access(beside, os.W_OK | os.X_OK):
        raise UserError(f"{output}: {beside} is no folder that this user may write to")


def _move_into_place(written: Path, folder: Path, replaced: Path) -> None:
    if folder.exists():
        folder.rename(replaced)
    try:
        written.rename(folder)
    except OSError:
        if replaced.exists():
            replaced.rename(folder)
        raise


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
