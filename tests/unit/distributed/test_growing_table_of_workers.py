"""Workers whose tables grow make the bytes of workers whose tables hold every feature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from click_cluster import LocalCluster, click_rows, click_settings, parameter_bytes, seen_bytes
from pairloom.batch import RowBatch
from pairloom.distributed import DistributedSettings, RowDifferences
from pairloom.distributed.dealt_rows import deal_rows
from pairloom.errors import PlatformError
from pairloom.hyperparameters import Hyperparameters
from pairloom.training import TrainingState, train
from pairloom.training.feature_table import bytes_per_feature

OPTIMIZERS = ["adagrad", "adam", "ftrl", "sgd"]
LOCAL = DistributedSettings(num_workers=3, num_owners=2, round_rows=400)
SYNC = DistributedSettings(num_workers=2, num_owners=3, mode="sync")
NUM_ROWS, BATCH = 3200, 320
WIDEST = 2**31 - 1
KILLED = 2


def settings_of(table: str, **changes: Any) -> Hyperparameters:
    return click_settings(feature_table=table, **changes)


def cluster(
    table: str,
    settings: DistributedSettings = LOCAL,
    folder: Path | None = None,
    start: TrainingState | None = None,
    **changes: Any,
) -> LocalCluster:
    if settings.mode == "sync":
        changes["mini_batch_size"] = BATCH
    hyperparameters = settings_of(table, **changes)
    dealt: Any = deal_rows(click_rows(NUM_ROWS), settings, hyperparameters, replicated=False)
    return LocalCluster(settings, hyperparameters, dealt, folder, start)


def wide_rows(num_rows: int, *, seed: int = 0) -> RowBatch:
    """Return rows of ids far apart, as hashes are, few of which come twice."""
    rng = np.random.default_rng(seed)
    known = rng.choice(WIDEST, 9000, replace=False)
    ids = np.sort(known[rng.integers(0, len(known), (num_rows, 4))], axis=1)
    return RowBatch(
        feature_dim=WIDEST,
        row_offsets=np.arange(num_rows + 1) * 4,
        feature_ids=ids.ravel().astype(np.int32),
        labels=rng.integers(0, 2, num_rows).astype(np.float32),
    )


def bytes_of_round(merged: list[RowDifferences]) -> list[bytes]:
    return [
        array.tobytes()
        for part in merged
        for array in (part.ids, part.linear, part.factors, part.state, part.touches)
    ]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_round_has_the_bytes_of_tables_that_hold_every_feature(optimizer: str) -> None:
    fixed, growing = (
        cluster(table, epochs=2, shuffle=True, _optimizer=optimizer).run()
        for table in ("fixed", "growing")
    )
    assert len(fixed.merged) == len(growing.merged) > 4
    for one, other in zip(fixed.merged, growing.merged, strict=True):
        assert bytes_of_round(one) == bytes_of_round(other)
        ours, theirs = (replace(each[0].summary, positions=()) for each in (one, other))
        assert ours == theirs
    expected = fixed.workers[0].model
    for worker in growing.workers:
        assert parameter_bytes(worker.model) == parameter_bytes(expected)
        assert np.array_equal(worker.model.trained, expected.trained)


def test_workers_hold_the_features_seen_and_owners_their_own_of_them() -> None:
    run = cluster("growing").run()
    seen = {int(each) for part in run.merged for owned in part for each in owned.ids}
    for worker in run.workers:
        assert set(worker.model.stored_features.tolist()) == seen
    held = [owner._state.model().stored_features.tolist() for owner in run.owners]
    assert sorted(held[0] + held[1]) == sorted(seen)
    assert min(map(len, held)) > 0.3 * len(seen)


def test_two_runs_write_the_same_model_file(tmp_path: Path) -> None:
    for number in range(2):
        run = cluster("growing", epochs=2, shuffle=True).run()
        for worker in run.workers:
            worker.model.save(tmp_path / f"{number}-{worker._rank}.pairloom")
    written = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(written) == 1
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_worker_of_ids_far_apart_trains_the_bytes_of_one_process(optimizer: str) -> None:
    rows = wide_rows(4000)
    settings = settings_of("growing", feature_dim=WIDEST, epochs=2, _optimizer=optimizer)
    one = DistributedSettings(num_workers=1, num_owners=3, round_rows=3000)
    run = LocalCluster(one, settings, [rows]).run()
    assert max(sum(len(part.ids) for part in merged) for merged in run.merged) > 2048
    assert all((np.diff(part.ids) > 0).all() for merged in run.merged for part in merged)
    alone = train(rows, settings).model
    assert seen_bytes(run.workers[0].model) == seen_bytes(alone)


@pytest.mark.parametrize("settings", [LOCAL, SYNC], ids=["local", "sync"])
def test_restored_run_goes_on_to_the_same_bytes(
    tmp_path: Path, settings: DistributedSettings
) -> None:
    changes: dict[str, Any] = {"epochs": 2, "shuffle": True, "_optimizer": "ftrl"}
    whole = cluster("growing", settings, **changes).run()
    killed = cluster("growing", settings, tmp_path, **changes)
    killed.run(until=lambda: killed.number == KILLED)
    again = cluster("growing", settings, tmp_path, **changes)
    assert {owner.committed()[-1] for owner in again.owners} == {KILLED}
    again.restore(KILLED)
    before = len(again.workers[0].model.stored_features)
    again.run()
    assert len(again.merged) == len(whole.merged) - KILLED
    assert before < len(again.workers[0].model.stored_features)
    for worker in again.workers:
        assert seen_bytes(worker.model) == seen_bytes(whole.workers[0].model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_shared_mini_batches_make_the_bytes_of_one_process(optimizer: str) -> None:
    run = cluster("growing", SYNC, epochs=2, _optimizer=optimizer).run()
    settings = settings_of("fixed", mini_batch_size=BATCH, epochs=2, _optimizer=optimizer)
    alone = train(click_rows(NUM_ROWS), settings).model
    assert parameter_bytes(run.workers[1].model) == parameter_bytes(alone)
    assert np.array_equal(run.workers[0].model.trained, alone.trained)


@pytest.mark.parametrize("settings", [LOCAL, SYNC], ids=["local", "sync"])
def test_workers_go_on_from_a_model_of_other_features(settings: DistributedSettings) -> None:
    begun = {
        table: train(click_rows(200, seed=7), settings_of(table)).state
        for table in ("fixed", "growing")
    }
    fixed, growing = (cluster(table, settings, start=begun[table]).run() for table in begun)
    assert parameter_bytes(growing.workers[0].model) == parameter_bytes(fixed.workers[0].model)
    stored = set(growing.workers[0].model.stored_features.tolist())
    assert set(begun["growing"].model().stored_features.tolist()) < stored


@pytest.mark.parametrize("settings", [LOCAL, SYNC], ids=["local", "sync"])
def test_features_beyond_the_memory_of_one_process_are_told_by_name(
    monkeypatch: pytest.MonkeyPatch, settings: DistributedSettings
) -> None:
    run = cluster("growing", settings)
    each = bytes_per_feature(run.hyperparameters)
    told = rf"the table holds 75 of {each} bytes each"
    monkeypatch.setattr("pairloom.training.feature_table.allowed_memory_bytes", lambda: 100 * each)
    small = cluster("growing", settings)
    with pytest.raises(PlatformError, match=told):
        small.workers[0].train_round(1)
    parts = [worker.train_round(1) for worker in run.workers]
    with pytest.raises(PlatformError, match=told):
        small.owners[0].merge(1, [each[0] for each in parts])
    merged = [
        owner.merge(1, [each[index] for each in parts]) for index, owner in enumerate(run.owners)
    ]
    with pytest.raises(PlatformError, match=told):
        small.workers[1].absorb(merged)


def test_entries_of_features_that_were_not_seen_are_not_read() -> None:
    trainer = TrainingState.initial(settings_of("growing")).trainer
    with pytest.raises(IndexError, match="feature 7 has no entry"):
        trainer.read_entries(np.array([7]))
    with pytest.raises(IndexError, match="feature 1200 is at or beyond feature_dim 1200"):
        trainer.read_entries(np.array([1200]))
