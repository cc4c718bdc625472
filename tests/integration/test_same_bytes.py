"""The numeric contract: one seed, one set of bytes, whatever computes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from integration.runs import (
    as_classes,
    bytes_of_run,
    dense_rows,
    one_hot_rows,
    run,
    sparse_real_rows,
    sparse_rows_of,
    with_weights,
)
from pairloom._core import simd_name
from pairloom.batch import RowBatch

THREAD_COUNTS = (1, 2, 3, 7)
PATHS = sorted({"auto", "baseline", simd_name("auto")})  # the last: the best of this machine


@dataclass(frozen=True)
class Scenario:
    """Rows, settings and validation rows of one run."""

    rows: Callable[[], RowBatch]
    settings: dict[str, object] = field(default_factory=dict)
    validation: Callable[[], RowBatch] | None = None

    def fingerprint(self, num_threads: int) -> dict[str, str]:
        rows = self.rows()
        validation = None if self.validation is None else self.validation()
        result = run(rows, self.settings, num_threads=num_threads, validation=validation)
        return bytes_of_run(result, rows, num_threads=num_threads)


CLASSIFIER: dict[str, object] = {"predictor_type": "binary_classifier"}
REGRESSOR: dict[str, object] = {"predictor_type": "regressor"}
STOPS_EARLY: dict[str, object] = {
    "early_stopping": True,
    "early_stopping_patience": 1,
    "epochs": 30,
}


SCENARIOS = {
    "dense": Scenario(lambda: dense_rows(2800), REGRESSOR),
    "sparse ones": Scenario(lambda: one_hot_rows(5600), CLASSIFIER),
    "sparse real values": Scenario(lambda: sparse_real_rows(2800), REGRESSOR),
    "weights": Scenario(lambda: with_weights(one_hot_rows(5600)), CLASSIFIER),
    "dense weights": Scenario(lambda: with_weights(as_classes(dense_rows(2800))), CLASSIFIER),
    "partial last batch": Scenario(lambda: sparse_real_rows(2801), REGRESSOR),
    "three features": Scenario(lambda: dense_rows(1500, feature_dim=3, density=0.9), REGRESSOR),
    "small batches": Scenario(lambda: one_hot_rows(999), {**CLASSIFIER, "mini_batch_size": 10}),
    "all features updated": Scenario(
        lambda: one_hot_rows(2000), {**CLASSIFIER, "lazy_update": False}
    ),
    "clipped, odd factors": Scenario(
        lambda: dense_rows(2801), {**REGRESSOR, "clip_gradient": 0.1, "num_factors": 5}
    ),
    "adagrad, ramped batches": Scenario(
        lambda: one_hot_rows(5600),
        {**CLASSIFIER, "_optimizer": "adagrad", "batch_ramp": 8, "mini_batch_size": 512},
    ),
    "adagrad, wide real values": Scenario(
        lambda: sparse_real_rows(2801),
        {**REGRESSOR, "_optimizer": "adagrad", "mini_batch_size": 700, "num_factors": 12},
    ),
    "ftrl": Scenario(
        lambda: with_weights(one_hot_rows(3001)),
        {**CLASSIFIER, "_optimizer": "ftrl", "linear_l1": 0.5, "factors_l1": 0.01},
    ),
    "growing table, early stopping": Scenario(
        lambda: one_hot_rows(3000, feature_dim=30_000),
        {**CLASSIFIER, **STOPS_EARLY, "feature_table": "growing"},
        lambda: one_hot_rows(900, seed=1, feature_dim=30_000),
    ),
    "sgd": Scenario(
        lambda: dense_rows(2801),
        {**REGRESSOR, "_optimizer": "sgd", "rescale_grad": 0.001, "bias_lr": 0.01},
    ),
    "shuffled, early stopping": Scenario(
        lambda: one_hot_rows(3000),
        {**CLASSIFIER, **STOPS_EARLY, "shuffle": True},
        lambda: one_hot_rows(900, seed=1),
    ),
    "early stopping with weights": Scenario(
        lambda: with_weights(dense_rows(1501)),
        {**REGRESSOR, **STOPS_EARLY, "factors_lr": 0.1},
        lambda: with_weights(dense_rows(700, seed=1)),
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_thread_count_changes_no_byte(name: str) -> None:
    scenario = SCENARIOS[name]
    expected = scenario.fingerprint(num_threads=1)
    for num_threads in THREAD_COUNTS[1:]:
        assert scenario.fingerprint(num_threads) == expected, f"{num_threads} threads"


def test_the_early_stopping_scenarios_stop_early() -> None:
    for name in ("shuffled, early stopping", "early stopping with weights"):
        scenario = SCENARIOS[name]
        assert scenario.validation is not None
        result = run(
            scenario.rows(), scenario.settings, num_threads=2, validation=scenario.validation()
        )
        assert 1 < result.epochs_run < 30
        assert result.best_epoch == result.epochs_run - 2


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_instruction_path_changes_no_byte(
    name: str, path: str, fingerprints_by_path: dict[str, dict[str, dict[str, str]]]
) -> None:
    assert fingerprints_by_path[path][name] == SCENARIOS[name].fingerprint(num_threads=2)


@pytest.fixture(scope="module")
def fingerprints_by_path() -> dict[str, dict[str, dict[str, str]]]:
    """Fingerprints of every scenario from processes whose instruction path is forced."""
    fingerprints = {}
    for path in PATHS:
        child = subprocess.run(
            [sys.executable, __file__],
            env={
                **os.environ,
                "PAIRLOOM_SIMD": path,
                "PYTHONPATH": str(Path(__file__).parents[1]),
            },
            check=True,
            capture_output=True,
            text=True,
        )
        fingerprints[path] = json.loads(child.stdout)
    return fingerprints


def without_values(rows: RowBatch) -> RowBatch:
    return replace(rows, values=None)


def with_stored_ones(rows: RowBatch) -> RowBatch:
    assert rows.feature_ids is not None
    return replace(rows, values=np.ones(len(rows.feature_ids), dtype=np.float32))


def with_wide_ids(rows: RowBatch) -> RowBatch:
    assert rows.feature_ids is not None
    return replace(rows, feature_ids=rows.feature_ids.astype(np.int64))


def with_stored_zeros(dense: RowBatch) -> RowBatch:
    """Return a sparse form that stores every cell, zeros too."""
    assert dense.values is not None
    num_rows, width = dense.values.shape
    return replace(
        dense,
        row_offsets=np.arange(0, num_rows * width + 1, width, dtype=np.int64),
        feature_ids=np.tile(np.arange(width, dtype=np.int32), num_rows),
        values=dense.values.ravel(),
    )


@pytest.mark.parametrize("lazy_update", [True, False])
def test_dense_sparse_and_zero_storing_forms_give_the_same_bytes(lazy_update: bool) -> None:
    dense = with_weights(dense_rows(1501))
    assert dense.values is not None
    dense.values[::13] = 0.0  # rows of zeros only
    dense.values[:, 7] = 0.0  # a feature that no row holds
    settings = {**REGRESSOR, "lazy_update": lazy_update}
    fingerprints = [
        bytes_of_run(run(rows, settings, num_threads=2), dense, num_threads=2)
        for rows in (dense, sparse_rows_of(dense.values, dense), with_stored_zeros(dense))
    ]
    assert fingerprints[1] == fingerprints[0]
    assert fingerprints[2] == fingerprints[0]


def test_dense_and_sparse_forms_score_to_the_same_bytes() -> None:
    dense = dense_rows(1501)
    assert dense.values is not None
    model = run(dense, REGRESSOR, num_threads=2).model
    expected = model.score_rows(dense).tobytes()
    for rows in (sparse_rows_of(dense.values, dense), with_stored_zeros(dense)):
        assert model.score_rows(rows).tobytes() == expected


def test_ones_stored_or_not_and_the_ids_width_change_no_byte() -> None:
    rows = one_hot_rows(2000)
    fingerprints = [
        bytes_of_run(run(form, CLASSIFIER, num_threads=2), form, num_threads=2)
        for form in (without_values(rows), with_stored_ones(rows), with_wide_ids(rows))
    ]
    assert fingerprints[1] == fingerprints[0]
    assert fingerprints[2] == fingerprints[0]


def test_a_row_of_weight_zero_equals_its_absence() -> None:
    rows = with_weights(dense_rows(1501))
    assert rows.values is not None
    assert rows.labels is not None
    assert rows.weights is not None
    kept = rows.weights > 0
    fewer = RowBatch(
        feature_dim=rows.feature_dim,
        values=rows.values[kept],
        labels=rows.labels[kept],
        weights=rows.weights[kept],
    )
    for settings in (REGRESSOR, {**REGRESSOR, "shuffle": True}):
        actual = bytes_of_run(run(rows, settings, num_threads=2), rows, num_threads=2)
        expected = bytes_of_run(run(fewer, settings, num_threads=2), rows, num_threads=2)
        assert actual == expected


NO_STEP: dict[str, object] = {"bias_lr": 0.0, "linear_lr": 0.0, "factors_lr": 0.0, "epochs": 1}


@pytest.mark.parametrize("method", ["normal", "uniform"])
def test_a_feature_starts_the_same_whatever_the_rows_and_the_width(method: str) -> None:
    settings = {**REGRESSOR, **NO_STEP, "seed": 5, "linear_init_method": method}
    settings["factors_init_method"] = method
    narrow = run(dense_rows(40, feature_dim=6), settings, num_threads=1).model
    wide = run(dense_rows(90, feature_dim=70, seed=2), settings, num_threads=7).model
    np.testing.assert_array_equal(narrow.linear_weights, wide.linear_weights[:6])
    np.testing.assert_array_equal(narrow.factors, wide.factors[:6])
    assert narrow.bias == wide.bias


def test_an_untrained_feature_keeps_its_start() -> None:
    rows = dense_rows(900)
    assert rows.values is not None
    rows.values[:, [3, 20]] = 0.0
    start = run(rows, {**REGRESSOR, **NO_STEP}, num_threads=2).model
    model = run(rows, REGRESSOR, num_threads=2).model
    unmoved = (model.factors == start.factors).all(axis=1)
    assert np.flatnonzero(unmoved).tolist() == [3, 20]
    assert np.flatnonzero(model.linear_weights == start.linear_weights).tolist() == [3, 20]
    assert np.flatnonzero(~model.trained).tolist() == [3, 20]


def test_seeds_start_and_shuffle_differently() -> None:
    rows = dense_rows(900)
    starts, ends = set(), set()
    for seed in range(3):
        settings = {**REGRESSOR, "seed": seed}
        starts.add(run(rows, {**settings, **NO_STEP}, num_threads=1).model.factors.tobytes())
        same_start = {
            **settings,
            "shuffle": True,
            **{f"{group}_init_method": "constant" for group in ("bias", "linear", "factors")},
            **{f"{group}_init_value": 0.1 for group in ("bias", "linear", "factors")},
        }
        ends.add(run(rows, same_start, num_threads=1).model.factors.tobytes())
    assert len(starts) == 3
    assert len(ends) == 3


if __name__ == "__main__":
    prints = {name: scenario.fingerprint(num_threads=2) for name, scenario in SCENARIOS.items()}
    json.dump(prints, sys.stdout)
