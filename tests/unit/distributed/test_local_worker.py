from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from click_cluster import (
    LocalCluster,
    click_rows,
    click_settings,
    parameter_bytes,
    shares,
)
from pairloom.data.joined_rows import rows_between
from pairloom.distributed import DistributedSettings, LocalWorker, Owner
from pairloom.errors import UserError
from pairloom.training import evaluate, train

OPTIMIZERS = ["adagrad", "adam", "ftrl", "sgd"]
LOSS = "binary_classification_cross_entropy"


def cluster(num_workers: int, num_owners: int = 0, **changes: object) -> LocalCluster:
    settings = DistributedSettings(num_workers=num_workers, num_owners=num_owners, round_rows=400)
    return LocalCluster(settings, click_settings(**changes), shares(click_rows(3000), num_workers))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_worker_trains_the_bytes_of_one_process(optimizer: str) -> None:
    alone = cluster(1, 3, epochs=2, _optimizer=optimizer, shuffle=True, batch_ramp=8).run()
    result = train(click_rows(3000), alone.hyperparameters)
    assert parameter_bytes(alone.workers[0].model) == parameter_bytes(result.model)
    assert alone.workers[0].state.trainer.step_count == result.state.trainer.step_count


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_workers_hold_the_same_bytes_after_every_round_and_in_every_run(optimizer: str) -> None:
    runs = [cluster(3, 2, epochs=2, _optimizer=optimizer).run() for _ in range(2)]
    models = [worker.model for run in runs for worker in run.workers]
    assert len({parameter_bytes(model) for model in models}) == 1


def test_differences_are_the_entries_of_the_rows_trained() -> None:
    run = cluster(2, 3)
    before = run.workers[1].model.factors.copy()
    parts = run.one_round()[1]
    rows = rows_between(click_rows(3000), 1500, 1900)
    held = np.array(rows.feature_ids).reshape(400, -1)
    ids = np.concatenate([part.ids for part in parts])
    assert sorted(ids) == sorted(set(held.ravel()))
    trained = train(rows, run.hyperparameters).model
    for part in parts:
        assert (np.diff(part.ids) > 0).all()
        assert np.array_equal(part.factors, trained.factors[part.ids])
        assert np.array_equal(part.linear, trained.linear_weights[part.ids])
        assert not np.array_equal(part.factors, before[part.ids])
        assert part.summary.rows == 400
        assert part.summary.steps == 8


@pytest.mark.parametrize("feature_table", ["fixed", "growing"])
def test_parts_count_mini_batches_of_each_feature_for_adam_alone(feature_table: str) -> None:
    for optimizer in OPTIMIZERS:
        run = cluster(2, 3, _optimizer=optimizer, feature_table=feature_table)
        parts = run.one_round()[1]
        held = np.array(rows_between(click_rows(3000), 1500, 1900).feature_ids).reshape(400, -1)
        for part in parts:
            batches_of = [
                len({row // 50 for row in np.nonzero((held == each).any(axis=1))[0]})
                for each in part.ids
            ]
            assert list(part.touches) == (batches_of if optimizer == "adam" else [])


def test_parts_hold_what_their_own_round_touched() -> None:
    run = cluster(2, 3)
    for first_row in (1500, 1900):
        ids = np.concatenate([part.ids for part in run.one_round()[1]])
        rows = rows_between(click_rows(3000), first_row, first_row + 400)
        assert sorted(ids) == sorted({*np.array(rows.feature_ids).tolist()})


@pytest.mark.parametrize(("staleness", "later"), [(0, [12_500, 15_650]), (1, [6250, 7050])])
def test_rounds_have_1000_rows_up_to_50000_and_then_a_quarter_of_those_before(
    staleness: int, later: list[int]
) -> None:
    settings = DistributedSettings(num_workers=1, round_rows=10**6, staleness=staleness)
    run = LocalCluster(settings, click_settings(), [click_rows(80_000)])
    assert [run.one_round()[0][0].summary.rows for _ in range(52)] == [1000] * 50 + later


def test_entry_that_one_worker_alone_touched_stays_as_it_made_it() -> None:
    run = cluster(2, 1)
    first, second = (parts[0] for parts in run.one_round())
    merged = run.merged[0][0]
    alone = np.setdiff1d(first.ids, second.ids)
    assert len(alone) > 10
    assert np.array_equal(
        merged.factors[np.searchsorted(merged.ids, alone)],
        first.factors[np.searchsorted(first.ids, alone)],
    )


def test_metrics_of_an_epoch_count_every_row_once_when_shards_are_uneven() -> None:
    rows = click_rows(2100)
    parts = [rows_between(rows, 0, 1700), rows_between(rows, 1700, 2100), None]
    settings = DistributedSettings(num_workers=3, round_rows=400)
    run = LocalCluster(settings, click_settings(epochs=2), parts).run()
    ends = [merged[0].summary for merged in run.merged if merged[0].summary.at_epoch_end]
    assert [summary.epoch for summary in ends] == [0, 1]
    assert [summary.sums["weight"] for summary in ends] == [2100, 2100]
    assert sum(merged[0].summary.rows for merged in run.merged) == 4200


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_workers_learn_as_well_as_one_process(optimizer: str) -> None:
    rate = 0.2 if optimizer == "sgd" else 1.0
    run = cluster(2, epochs=3, _optimizer=optimizer, _learning_rate=rate).run()
    rows = click_rows(3000)
    one = train(rows, run.hyperparameters).model
    start = cluster(1).workers[0].model
    losses = [
        evaluate(model, click_rows(2000, seed=1))[LOSS]
        for model in (start, one, run.workers[0].model)
    ]
    assert losses[2] < losses[1] + 0.2 * (losses[0] - losses[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lazy_update": False}, "lazy_update is false"),
        (
            {"feature_table": "growing", "untrained_features": "zero", "admission_count": 3},
            "admission_count is 3 and num_workers 2; each worker would count its own rows alone",
        ),
        ({"rowwise_state": True}, "rowwise_state is true; workers exchange"),
        ({"factor_type": "bfloat16"}, "factor_type is bfloat16; workers exchange"),
        ({"early_stopping": True}, "early_stopping is True; it works in one process"),
        ({"plateau_patience": 2}, "plateau_patience is 2"),
    ],
)
def test_hyperparameters_that_workers_cannot_honour_are_refused(
    changes: dict[str, object], message: str
) -> None:
    settings = DistributedSettings(num_workers=2)
    with pytest.raises(UserError, match=message):
        LocalWorker(settings, 0, None, click_settings(**changes))
    with pytest.raises(UserError, match=message):
        Owner(settings, 0, click_settings(**changes))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_follower_without_rows_can_be_trained_on_at_the_rates_given(optimizer: str) -> None:
    run = cluster(2, 2, _optimizer=optimizer)
    follower = LocalWorker(run.settings, 0, None, run.hyperparameters)
    run.run()
    for merged in run.merged:
        follower.absorb(merged)
    assert parameter_bytes(follower.model) == parameter_bytes(run.workers[1].model)
    assert follower.state.learning_rate_factor == 1.0


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_restored_run_trains_each_row_once_to_the_same_bytes(
    tmp_path: Path, optimizer: str
) -> None:
    whole = cluster(2, 2, epochs=2, shuffle=True, _optimizer=optimizer).run()
    killed = cluster(2, 2, epochs=2, shuffle=True, _optimizer=optimizer)
    killed = LocalCluster(killed.settings, killed.hyperparameters, killed.rows, tmp_path)
    killed.run(until=lambda: killed.number == 6)
    killed.owners[0].merge(7, [each[0] for each in (w.train_round(7) for w in killed.workers)])
    killed.owners[0].commit(7)  # owner 1 died before it committed

    again = LocalCluster(killed.settings, killed.hyperparameters, killed.rows, tmp_path)
    common = set(again.owners[0].committed()) & set(again.owners[1].committed())
    again.restore(max(common))
    again.run()
    assert max(common) == 6
    assert parameter_bytes(again.workers[1].model) == parameter_bytes(whole.workers[0].model)
    rows = [merged[0].summary.rows for merged in again.merged]
    assert sum(rows) + sum(merged[0].summary.rows for merged in killed.merged) == 6000
