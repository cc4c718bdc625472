"""Factors of bfloat16: their memory, their bytes, their files, and what goes on from what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from integration.runs import as_classes, bytes_of_run, one_hot_rows, sparse_real_rows
from integration.saved_models import check_saved_models_go_on
from integration.short_runs import settings_of
from integration.stopped_runs import train_in_pieces
from pairloom import Model
from pairloom._core import entry_bytes
from pairloom.batch import RowBatch
from pairloom.cli.program import main
from pairloom.errors import TrainingDivergedError
from pairloom.formats import write_recordio
from pairloom.training import Checkpoints, TrainingState, train
from pairloom.training.optimizer_settings import optimizer_settings
from pairloom.training.warm_start import warm_start, with_optimizer_state

ROWS = one_hot_rows(800, feature_dim=3000)
REAL = as_classes(sparse_real_rows(300))
VALIDATION = one_hot_rows(300, feature_dim=3000, seed=1)
OPTIMIZERS = ["adam", "adagrad", "ftrl", "sgd"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 20_000)


def packed(rows: RowBatch = ROWS, **settings: Any) -> Any:
    return settings_of(rows, factor_type="bfloat16", **settings)


def moments_of(state: TrainingState) -> npt.NDArray[np.float32]:
    """Return the optimizer's first values of all factors, by feature."""
    features = state.trainer.features()
    values = state.trainer.factor_state(0)
    return values if features is None else values[np.argsort(features)]


def is_bfloat16(factors: npt.NDArray[np.float32]) -> bool:
    return not (factors.view(np.uint32) & 0xFFFF).any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rows", [ROWS, REAL], ids=["one-hot", "real"])
def test_every_path_thread_count_and_table_gives_the_same_bytes(
    optimizer: str, rows: RowBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    runs = (("auto", 1, "fixed"), ("auto", 3, "growing"), ("baseline", 2, "growing"))
    for path, threads, table in runs:
        monkeypatch.setenv("PAIRLOOM_SIMD", path)
        settings = packed(rows, _optimizer=optimizer, epochs=2, feature_table=table)
        result = train(rows, settings, num_threads=threads)
        assert is_bfloat16(result.model.factors)
        of_run = bytes_of_run(result, rows, num_threads=threads)
        del of_run["artifact"]  # which says what table it is of
        digests.append(of_run)
    assert digests[0] == digests[1] == digests[2]


@pytest.mark.parametrize(
    ("settings", "whole", "half"),
    [
        ({"_optimizer": "adagrad", "num_factors": 8}, 80, 64),
        ({"_optimizer": "adagrad", "num_factors": 8, "rowwise_state": True}, 48, 32),
        ({"_optimizer": "adagrad", "num_factors": 16, "rowwise_state": True}, 80, 48),
        ({"_optimizer": "adam", "num_factors": 16}, 256, 192),
        ({"_optimizer": "sgd", "num_factors": 8}, 48, 32),
    ],
)
def test_an_entry_takes_less(settings: dict[str, Any], whole: int, half: int) -> None:
    for factor_type, expected in (("float32", whole), ("bfloat16", half)):
        resolved = settings_of(ROWS, factor_type=factor_type, **settings)
        assert entry_bytes(resolved.num_factors, optimizer_settings(resolved)) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_a_run_in_pieces_equals_the_whole(optimizer: str, table: str, tmp_path: Path) -> None:
    settings = packed(
        _optimizer=optimizer, feature_table=table, shuffle=True, early_stopping=True, epochs=5
    )
    whole = train(ROWS, settings, validation=VALIDATION)
    pieces = train_in_pieces(tmp_path, ROWS, settings, [3, 1, 8], validation=VALIDATION)
    ours, theirs = (bytes_of_run(run, VALIDATION, num_threads=1) for run in (pieces, whole))
    assert ours == theirs


def test_a_checkpoint_holds_factors_in_half_the_bytes(tmp_path: Path) -> None:
    sizes = {}
    for factor_type in ("float32", "bfloat16"):
        folder = tmp_path / factor_type
        settings = settings_of(ROWS, factor_type=factor_type, num_factors=16, _optimizer="sgd")
        train(ROWS, settings, checkpoints=Checkpoints(folder, every_epochs=1))
        sizes[factor_type] = max(path.stat().st_size for path in folder.iterdir())
    assert abs(sizes["float32"] - sizes["bfloat16"] - 3000 * 16 * 2) < 500


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_training_goes_on_from_a_saved_model_to_the_same_bytes(
    optimizer: str, table: str, tmp_path: Path
) -> None:
    def of(epochs: int) -> Any:
        return packed(_optimizer=optimizer, feature_table=table, epochs=epochs)

    check_saved_models_go_on(ROWS, of, tmp_path)


@pytest.mark.parametrize("untrained", ["initial", "zero"])
def test_a_saved_model_scores_and_ranks_seen_and_unseen_features_alike(
    untrained: str, tmp_path: Path
) -> None:
    rows = replace(as_classes(sparse_real_rows(60, seed=5)), labels=None)
    few = as_classes(sparse_real_rows(20))
    models = []
    for table in ("fixed", "growing"):
        settings = packed(few, feature_table=table, untrained_features=untrained)
        models.append(train(few, settings).model)
        models[-1].save(tmp_path / table)
        models.append(Model.load(tmp_path / table))
    assert models[2].table.num_entries < few.feature_dim
    assert rows.row_offsets is not None
    context = replace(rows, row_offsets=rows.row_offsets[:2])
    ranked = [model.rank(context, rows, overlap="add") for model in models]
    for model, ranking in zip(models, ranked, strict=True):
        assert is_bfloat16(model.factors)
        assert model.factors.tobytes() == models[0].factors.tobytes()
        assert model.score_rows(rows).tobytes() == models[0].score_rows(rows).tobytes()
        assert ranking.candidates.tolist() == ranked[0].candidates.tolist()
        assert ranking.scores.tobytes() == ranked[0].scores.tobytes()


@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_models_of_either_type_start_runs_of_the_other_with_their_state(
    table: str, tmp_path: Path
) -> None:
    for before, after in (("float32", "bfloat16"), ("bfloat16", "float32")):
        start = train(ROWS, settings_of(ROWS, factor_type=before, feature_table=table))
        with_optimizer_state(start.model, start.state).save(tmp_path / before)
        settings = settings_of(ROWS, factor_type=after, feature_table=table)
        exact = start.model.factors
        for state in (
            warm_start(Model.load(tmp_path / before), settings),
            start.state.with_hyperparameters(settings),
        ):
            factors = state.model().factors
            if before == "bfloat16":
                assert factors.tobytes() == exact.tobytes()
            else:
                assert is_bfloat16(factors)
                assert (np.abs(factors - exact) <= np.abs(exact) / 2**8).all()
            assert state.trainer.step_count == start.state.trainer.step_count
            assert np.array_equal(moments_of(state), moments_of(start.state))
            train(ROWS, settings, state=state)


def test_a_diverged_mini_batch_keeps_finite_parameters_and_state() -> None:
    for optimizer in ("adam", "adagrad"):
        settings = packed(REAL, _optimizer=optimizer, mini_batch_size=30)
        state = TrainingState.initial(settings)
        assert REAL.values is not None
        values = REAL.values.copy()
        values[-5:] = 1e30
        with pytest.raises(TrainingDivergedError, match="is not finite"):
            train(replace(REAL, values=values), settings, state=state)
        trainer = state.trainer
        assert np.isfinite(trainer.factors()).all()
        assert is_bfloat16(trainer.factors())
        for slot in range(trainer.state_slots):
            assert np.isfinite(trainer.factor_state(slot)).all()


def test_training_learns_what_float32_learns() -> None:
    losses = {}
    for factor_type in ("float32", "bfloat16"):
        settings = settings_of(
            ROWS, _optimizer="adagrad", factor_type=factor_type, num_factors=8, epochs=3
        )
        losses[factor_type] = train(ROWS, settings).history[-1].train
    name = "binary_classification_cross_entropy"
    assert losses["bfloat16"][name] == pytest.approx(losses["float32"][name], rel=0.01)


def test_the_command_line_trains_with_it(tmp_path: Path) -> None:
    write_recordio(str(tmp_path / "train.pbr"), ROWS)
    given = {
        "train": tmp_path / "train.pbr",
        "output": tmp_path / "model",
        "feature-dim": 3000,
        "num-factors": 8,
        "predictor-type": "binary_classifier",
        "feature-table": "growing",
        "factor-type": "bfloat16",
    }
    arguments = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    assert main(["train", *arguments]) == 0
    files = list((tmp_path / "model").rglob("*.pairloom"))
    assert len(files) == 1
    model = Model.load(files[0])
    assert model.hyperparameters.factor_type == "bfloat16"
    assert is_bfloat16(model.parameters_of(model.trained_features)[1])
