"""One second moment for all factors of a feature: its memory, its bytes, its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.runs import as_classes, bytes_of_run, one_hot_rows, sparse_real_rows
from integration.saved_models import check_saved_models_go_on
from integration.short_runs import settings_of
from integration.stopped_runs import train_in_pieces
from pairloom import Model
from pairloom._core import entry_bytes
from pairloom.batch import RowBatch
from pairloom.errors import HyperparameterError, TrainingDivergedError
from pairloom.training import TrainingState, train
from pairloom.training.optimizer_settings import optimizer_settings
from pairloom.training.warm_start import goes_on, warm_start, with_optimizer_state

ROWS = one_hot_rows(800, feature_dim=3000)
REAL = as_classes(sparse_real_rows(300))
VALIDATION = one_hot_rows(300, feature_dim=3000, seed=1)
OPTIMIZERS = ["adam", "adagrad"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 20_000)


def rowwise(rows: RowBatch = ROWS, **settings: Any) -> Any:
    return settings_of(rows, rowwise_state=True, **settings)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rows", [ROWS, REAL], ids=["one-hot", "real"])
@pytest.mark.parametrize("num_factors", [5, 8, 12, 16])
def test_every_path_and_thread_count_gives_the_same_bytes(
    optimizer: str, rows: RowBatch, num_factors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = rowwise(rows, _optimizer=optimizer, num_factors=num_factors, epochs=2)
    digests = []
    for path, threads in (("auto", 1), ("auto", 3), ("baseline", 2)):
        monkeypatch.setenv("PAIRLOOM_SIMD", path)
        result = train(rows, settings, num_threads=threads)
        trainer = result.state.trainer
        assert path == "auto" or trainer.simd == path
        states = [trainer.factor_state(slot) for slot in range(trainer.state_slots)]
        state_bytes = b"".join(state.tobytes() for state in states)
        digests.append((bytes_of_run(result, rows, num_threads=threads), state_bytes))
    assert digests[0] == digests[1] == digests[2]


@pytest.mark.parametrize(
    ("optimizer", "num_factors", "each", "shared"),
    [
        ("adam", 8, 128, 96),
        ("adagrad", 8, 80, 48),
        ("adam", 16, 256, 160),
        ("adagrad", 16, 144, 80),
    ],
)
def test_an_entry_takes_less(optimizer: str, num_factors: int, each: int, shared: int) -> None:
    for rowwise_state, expected in ((False, each), (True, shared)):
        settings = settings_of(ROWS, _optimizer=optimizer, rowwise_state=rowwise_state)
        assert entry_bytes(num_factors, optimizer_settings(settings)) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_a_run_in_pieces_equals_the_whole(optimizer: str, table: str, tmp_path: Path) -> None:
    settings = rowwise(
        _optimizer=optimizer, feature_table=table, shuffle=True, early_stopping=True, epochs=5
    )
    whole = train(ROWS, settings, validation=VALIDATION)
    pieces = train_in_pieces(tmp_path, ROWS, settings, [3, 1, 8], validation=VALIDATION)
    ours, theirs = (bytes_of_run(run, VALIDATION, num_threads=1) for run in (pieces, whole))
    assert ours == theirs


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("table", ["fixed", "growing"])
def test_training_goes_on_from_a_saved_model_to_the_same_bytes(
    optimizer: str, table: str, tmp_path: Path
) -> None:
    def of(epochs: int) -> Any:
        return rowwise(_optimizer=optimizer, feature_table=table, epochs=epochs)

    check_saved_models_go_on(ROWS, of, tmp_path)


def test_state_of_each_factor_is_not_taken_for_one_of_all(tmp_path: Path) -> None:
    each = train(ROWS, settings_of(ROWS, _optimizer="adagrad"))
    path = tmp_path / "each.pairloom"
    with_optimizer_state(each.model, each.state).save(path)
    shared = rowwise(_optimizer="adagrad")
    assert not goes_on(Model.load(path), shared)
    expected = TrainingState.from_model(each.model, shared).trainer.factor_state(0)
    for state in (warm_start(Model.load(path), shared), each.state.with_hyperparameters(shared)):
        found = state.trainer.factor_state(0)
        assert found.shape == (3000, 1)
        assert np.array_equal(found, expected)


def test_a_diverged_mini_batch_keeps_finite_parameters_and_state() -> None:
    for optimizer in OPTIMIZERS:
        settings = rowwise(REAL, _optimizer=optimizer, mini_batch_size=30)
        state = TrainingState.initial(settings)
        assert REAL.values is not None
        values = REAL.values.copy()
        values[-5:] = 1e30
        rows = RowBatch(
            REAL.feature_dim, REAL.row_offsets, REAL.feature_ids, values, labels=REAL.labels
        )
        with pytest.raises(TrainingDivergedError, match="is not finite"):
            train(rows, settings, state=state)
        trainer = state.trainer
        assert np.isfinite(trainer.factors()).all()
        for slot in range(trainer.state_slots):
            assert np.isfinite(trainer.factor_state(slot)).all()


@pytest.mark.parametrize(("optimizer", "why"), [("ftrl", "each parameter needs"), ("sgd", "none")])
def test_it_is_refused_where_nothing_is_squared(optimizer: str, why: str) -> None:
    rule = f"must be false with _optimizer={optimizer}, .*{why}"
    with pytest.raises(HyperparameterError, match=rule):
        rowwise(_optimizer=optimizer)
