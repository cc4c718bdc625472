"""Input that is well-formed and yet cannot be right: huge values, broken models, closed pipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pairloom import _core
from pairloom.batch import RowBatch
from pairloom.errors import DataError
from pairloom.hyperparameters import resolve
from pairloom.model import Model
from pairloom.training import evaluate, train

SETTINGS = resolve({"feature_dim": 5, "num_factors": 2, "predictor_type": "binary_classifier"})
HUGE = np.full((2, 5), 3e38, np.float32)
LABELS = np.array([0, 1], np.float32)


def small_model() -> Model:
    random = np.random.default_rng(0)
    return Model.from_parameters(
        SETTINGS,
        bias=0.5,
        linear_weights=random.normal(size=5).astype(np.float32),
        factors=random.normal(size=(5, 2)).astype(np.float32),
    )


def test_scoring_refuses_rows_whose_score_is_not_finite() -> None:
    with pytest.raises(DataError, match=r"row 0 has the score .*3e\+38"):
        small_model().predict_rows(RowBatch(5, values=HUGE))


def test_evaluation_of_rows_whose_score_is_not_finite_ends() -> None:
    with pytest.raises(DataError, match="row 0 has the score"):
        evaluate(small_model(), RowBatch(5, values=HUGE, labels=LABELS))


def test_area_under_curve_refuses_nan() -> None:
    with pytest.raises(ValueError, match="score of row 1 is NaN"):
        _core.area_under_curve(np.array([0.5, np.nan], np.float32), LABELS)


def test_negative_feature_dim_is_refused() -> None:
    rows = RowBatch(
        -1,
        row_offsets=np.array([0, 1], np.int64),
        feature_ids=np.array([10**9], np.int32),
    )
    with pytest.raises(DataError, match="feature_dim is -1"):
        small_model().score_rows(rows)


@pytest.mark.parametrize("weights", [None, np.zeros(2, np.float32)])
def test_validation_rows_without_weight_are_refused(weights: np.ndarray | None) -> None:
    count = 0 if weights is None else 2
    validation = RowBatch(
        5, values=np.ones((count, 5), np.float32), labels=LABELS[:count], weights=weights
    )
    rows = RowBatch(5, values=np.eye(2, 5, dtype=np.float32), labels=LABELS)
    with pytest.raises(DataError, match="validation rows: at least one of positive weight"):
        train(rows, SETTINGS, validation=validation)


def test_saving_leaves_a_file_of_a_similar_name_alone(tmp_path: Path) -> None:
    neighbour = tmp_path / "model.pairloom.partial"
    neighbour.write_text("precious")
    small_model().save(tmp_path / "model.pairloom")
    assert neighbour.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.pairloom",
        "model.pairloom.partial",
    ]


def test_training_into_a_closed_pipe_does_not_claim_success(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", values=np.eye(2, 5, dtype=np.float32), labels=LABELS)
    arguments = (
        f"--train {tmp_path / 'rows.npz'} --output {tmp_path / 'model'} --epochs 3000 "
        "--feature-dim 5 --num-factors 2 --predictor-type binary_classifier"
    )
    program = subprocess.Popen(
        [sys.executable, "-m", "pairloom", "train", *arguments.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert program.stdout is not None
    program.stdout.readline()
    program.stdout.close()
    code = program.wait(timeout=60)
    assert code == 1 or (tmp_path / "model" / "model.pairloom").exists()
