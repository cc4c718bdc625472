"""The folder of a run is complete or not there, and never takes what is not its own."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from pairloom.batch import RowBatch
from pairloom.errors import UserError
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.reports.run_folder import (
    holds_model,
    model_file,
    refuse_unwritable_folder,
    run_metrics,
    write_run_folder,
)
from pairloom.training import TrainingResult, train

VALUES = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def result() -> TrainingResult:
    settings = resolve({"feature_dim": 3, "num_factors": 2, "predictor_type": "regressor"})
    return train(RowBatch(3, values=VALUES, labels=VALUES[:, 0].copy()), settings)


def test_folder_holds_model_and_metrics_and_nothing_stays_beside_it(
    tmp_path: Path, result: TrainingResult
) -> None:
    folder = tmp_path / "new" / "run"

    write_run_folder(folder, result.model, run_metrics(result) | {"test": {"auc": math.nan}})

    assert [path.name for path in folder.parent.iterdir()] == ["run"]
    loaded = Model.load(model_file(folder))
    np.testing.assert_array_equal(loaded.factors, result.model.factors)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"] == {"auc": None}
    assert metrics["history"][0]["train"]["rmse"] == result.history[0].train["rmse"]


def test_failure_leaves_the_earlier_run_and_nothing_beside_it(
    tmp_path: Path, result: TrainingResult
) -> None:
    write_run_folder(tmp_path / "run", result.model, {"run": 1})

    with pytest.raises(TypeError):
        write_run_folder(tmp_path / "run", result.model, {"run": object()}, overwrite=True)

    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == {"run": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_earlier_run_is_replaced_only_when_asked(tmp_path: Path, result: TrainingResult) -> None:
    write_run_folder(tmp_path / "run", result.model, {"run": 1})

    with pytest.raises(UserError, match="holds an earlier run"):
        write_run_folder(tmp_path / "run", result.model, {"run": 2})
    write_run_folder(tmp_path / "run", result.model, {"run": 2}, overwrite=True)

    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == {"run": 2}


def test_folder_of_someone_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(UserError, match=r"holds thesis\.tex, no part of a run"):
        refuse_unwritable_folder(tmp_path, overwrite=True)


def test_report_is_part_of_a_run_but_a_folder_of_pictures_is_not(
    tmp_path: Path, result: TrainingResult
) -> None:
    write_run_folder(tmp_path / "run", result.model, {})
    report = tmp_path / "run" / "report"
    report.mkdir()
    (report / "holiday.png").write_bytes(b"")

    with pytest.raises(UserError, match="holds report, no part of a run"):
        write_run_folder(tmp_path / "run", result.model, {}, overwrite=True)

    (report / "report.html").write_text("")
    write_run_folder(tmp_path / "run", result.model, {}, overwrite=True)
    assert not report.exists()


def test_place_that_cannot_hold_a_folder_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UserError, match=r"file is no folder that this user may write to"):
        refuse_unwritable_folder(tmp_path / "file" / "deep" / "run", overwrite=False)


def test_empty_folder_and_link_to_a_folder_are_filled(
    tmp_path: Path, result: TrainingResult
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    write_run_folder(tmp_path / "link", result.model, {})

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "model.pairloom").is_file()


def test_model_is_told_from_data(tmp_path: Path, result: TrainingResult) -> None:
    write_run_folder(tmp_path / "run", result.model, {})
    np.savez(tmp_path / "rows.npz", values=VALUES)
    np.save(tmp_path / "rows.npy", VALUES)

    told = {name: holds_model(tmp_path / name) for name in ("run", "rows.npz", "rows.npy", ".")}

    assert told == {"run": True, "rows.npz": False, "rows.npy": False, ".": False}
    assert holds_model(tmp_path / "run" / "model.pairloom")
