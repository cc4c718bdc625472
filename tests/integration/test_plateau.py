"""Learning rates cut on a plateau: when, by how much, and over checkpoints to the same bytes."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from integration.runs import as_classes, bytes_of_run, dense_rows
from pairloom.cli import main
from pairloom.errors import HyperparameterError, UserError
from pairloom.estimators.classifier import FMClassifier
from pairloom.formats.array_files import write_array_file
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training import Checkpoints, TrainingResult, TrainingState, train

LOSS = "binary_classification_cross_entropy"
ROWS = as_classes(dense_rows(900))
VALIDATION = as_classes(dense_rows(300, seed=1))
OPTIMIZERS = ("adam", "adagrad", "ftrl", "sgd")
RATES = {"adam": 0.2, "adagrad": 0.5, "ftrl": 0.5, "sgd": 0.08}


def settings_of(optimizer: str = "adam", **settings: Any) -> Hyperparameters:
    given = {
        "feature_dim": 40,
        "num_factors": 6,
        "predictor_type": "binary_classifier",
        "epochs": 14,
        "mini_batch_size": 40,
        "_optimizer": optimizer,
        "linear_lr": RATES[optimizer],
        "factors_lr": RATES[optimizer],
        "plateau_patience": 2,
        "plateau_factor": 0.25,
        **settings,
    }
    return resolve(given)


def cut(settings: Hyperparameters, **given: Any) -> TrainingResult:
    return train(ROWS, settings, validation=VALIDATION, **given)


def factors_expected(losses: list[float], patience: int, factor: float) -> list[float]:
    """Say from the losses alone which factor each epoch has."""
    factors, waited, now = [], 0, 1.0
    for epoch, loss in enumerate(losses):
        factors.append(now)
        waited = 0 if epoch == 0 or loss < min(losses[:epoch]) else waited + 1
        if waited == patience:
            now, waited = now * factor, 0
    return factors


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("patience", [1, 3])
def test_rates_are_cut_after_so_many_epochs_without_a_lower_loss(
    optimizer: str, patience: int
) -> None:
    settings = settings_of(optimizer, plateau_patience=patience)
    history = cut(settings).history
    losses = [event.validation[LOSS] for event in history]
    factors = [event.learning_rate_factor for event in history]
    assert factors == factors_expected(losses, patience, 0.25)
    assert min(factors) <= 0.25


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_epochs_after_a_cut_are_those_of_lower_rates(optimizer: str) -> None:
    """Continue by hand, under a quarter of the rates, from the parameters before the cut."""
    settings = settings_of(optimizer)
    history = cut(settings).history
    before = sum(event.learning_rate_factor == 1.0 for event in history)
    assert 0 < before < len(history)
    plain = settings_of(optimizer, plateau_patience=0, epochs=before)
    state = cut(plain).state
    slow = settings_of(optimizer, plateau_patience=0, epochs=1, bias_lr=0.1 * 0.25,
                       linear_lr=RATES[optimizer] * 0.25,
                       factors_lr=RATES[optimizer] * 0.25)  # fmt: skip
    after = cut(slow, state=state.with_hyperparameters(slow)).history[0]
    assert after.train == history[before].train
    assert after.validation == history[before].validation


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_checkpoints_carry_the_factor_across_cuts(
    optimizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairloom.training.epoch._BLOCK_WORK", 60_000)
    settings = settings_of(optimizer)
    whole = cut(settings)
    cuts = sum(one.learning_rate_factor != other.learning_rate_factor
               for one, other in zip(whole.history, whole.history[1:], strict=False))  # fmt: skip
    assert cuts >= 1
    folder = tmp_path / "checkpoints"
    again = None
    for _ in range(200):
        blocks = iter(range(11))
        again = cut(
            settings,
            checkpoints=Checkpoints(folder),
            stop_requested=lambda left=blocks: next(left, None) is None,
        )
        if not again.interrupted:
            break
    assert again is not None
    assert not again.interrupted
    assert [e.learning_rate_factor for e in again.history] == [
        e.learning_rate_factor for e in whole.history
    ]
    assert bytes_of_run(again, ROWS, num_threads=1) == bytes_of_run(whole, ROWS, num_threads=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_state_keeps_its_factor_through_copies_and_pickles(optimizer: str) -> None:
    settings = settings_of(optimizer)
    state = cut(settings).state
    assert state.learning_rate_factor < 1
    twins: list[TrainingState] = [state.copy(), pickle.loads(pickle.dumps(state))]
    whole = cut(settings, state=state)
    assert whole.history[0].learning_rate_factor == 1
    for twin in twins:
        result = cut(settings, state=twin)
        assert bytes_of_run(result, ROWS, num_threads=1) == bytes_of_run(whole, ROWS, num_threads=1)


def test_early_stopping_counts_on_its_own() -> None:
    settings = settings_of(early_stopping=True, early_stopping_patience=5, epochs=60)
    result = cut(settings)
    assert result.epochs_run == result.best_epoch + 1 + 5
    losses = [event.validation[LOSS] for event in result.history]
    assert [event.learning_rate_factor for event in result.history] == factors_expected(
        losses, 2, 0.25
    )


def test_off_by_default_and_refused_without_validation() -> None:
    settings = settings_of(plateau_patience=0)
    assert {event.learning_rate_factor for event in cut(settings).history} == {1.0}
    assert resolve({"feature_dim": 1, "num_factors": 1, "predictor_type": "regressor"}
                   ).plateau_patience == 0  # fmt: skip
    with pytest.raises(UserError, match=r"^plateau_patience needs validation rows$"):
        train(ROWS, settings_of())
    for factor in ("0", "1", "1.5", "-0.5"):
        with pytest.raises(HyperparameterError, match="must be a number > 0 and < 1"):
            settings_of(plateau_factor=factor)


def test_metrics_and_report_tell_the_factor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rows in (("train", ROWS), ("validation", VALIDATION)):
        write_array_file(tmp_path / f"{name}.npz", rows)
    arguments = ["--num-factors", "6", "--predictor-type", "binary_classifier", "--epochs", "14",
                 "--mini-batch-size", "40", "--linear-lr", "0.2", "--factors-lr", "0.2",
                 "--plateau-patience", "2", "--plateau-factor", "0.25"]  # fmt: skip
    run = ["train", "--train", str(tmp_path / "train.npz"), *arguments]
    assert main([*run, "--output", str(tmp_path / "none")]) == 2
    assert "plateau_patience needs validation rows" in capsys.readouterr().err
    validated = [*run, "--validation", str(tmp_path / "validation.npz")]
    assert main([*validated, "--report", "--output", str(tmp_path / "run")]) == 0
    history = json.loads((tmp_path / "run/metrics.json").read_text())["history"]
    last = history[-1]["learning_rate_factor"]
    assert last < 1
    assert f"learning rates x {last:.4g}" in capsys.readouterr().err
    page = next((tmp_path / "run").rglob("*.html")).read_text()
    assert f"{last:.4g} of the first epoch" in page


def test_estimator_holds_rows_out_for_it() -> None:
    assert ROWS.values is not None
    assert ROWS.labels is not None
    model = FMClassifier(epochs=20, linear_lr=0.3, factors_lr=0.3, plateau_patience=1,
                         plateau_factor=0.1, random_state=0)  # fmt: skip
    model.fit(ROWS.values, ROWS.labels)
    assert model.n_iter_ == 20
    assert "validation:binary_classification_cross_entropy" in model.history_[-1]
