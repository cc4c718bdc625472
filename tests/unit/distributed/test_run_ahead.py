"""Workers that train on while their rounds are merged."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from click_cluster import (
    STIFFNESS,
    LocalCluster,
    click_rows,
    click_settings,
    parameter_bytes,
    shares,
)
from pairloom.data.joined_rows import rows_between
from pairloom.distributed import (
    DistributedSettings,
    LocalWorker,
    RoundSummary,
    RowDifferences,
    Worker,
)
from pairloom.errors import UserError
from pairloom.training import TrainingState, evaluate, train

OPTIMIZERS = ["adagrad", "adam", "ftrl", "sgd"]
LOSS = "binary_classification_cross_entropy"


def cluster(
    num_workers: int, staleness: int, folder: Path | None = None, **changes: object
) -> LocalCluster:
    settings = DistributedSettings(
        num_workers=num_workers, num_owners=2, round_rows=400, staleness=staleness
    )
    rows = shares(click_rows(3000), num_workers)
    return LocalCluster(settings, click_settings(**changes), rows, folder)


def by_id(part: RowDifferences, values: npt.NDArray[Any]) -> dict[int, Any]:
    return dict(zip(part.ids.tolist(), values, strict=True))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("staleness", [1, 2])
def test_workers_end_with_the_same_bytes_in_every_run(optimizer: str, staleness: int) -> None:
    runs = [cluster(3, staleness, epochs=2, _optimizer=optimizer).run() for _ in range(2)]
    models = [worker.model for run in runs for worker in run.workers]
    assert len({parameter_bytes(model) for model in models}) == 1
    waiting = cluster(3, 0, epochs=2, _optimizer=optimizer).run()
    assert parameter_bytes(models[0]) != parameter_bytes(waiting.workers[0].model)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_worker_ahead_of_its_own_merges_trains_what_one_process_does(optimizer: str) -> None:
    alone = cluster(1, 2, epochs=2, _optimizer=optimizer, shuffle=True).run()
    result = train(click_rows(3000), alone.hyperparameters)
    model = alone.workers[0].model
    np.testing.assert_allclose(model.factors, result.model.factors, rtol=2e-3, atol=2e-5)
    np.testing.assert_allclose(
        model.linear_weights, result.model.linear_weights, rtol=2e-3, atol=2e-5
    )
    assert model.bias == pytest.approx(result.model.bias, abs=1e-4)
    assert alone.workers[0].state.trainer.step_count == result.state.trainer.step_count


def test_worker_trains_on_the_merge_before_last_and_its_own_difference_since() -> None:
    run = cluster(2, 1)
    start = TrainingState.initial(run.hyperparameters).model()
    first, second = run.one_round()[0], run.one_round()[0]
    merged, worker = run.merged[0], run.workers[0]
    for owner, part in enumerate(merged):
        own = by_id(second[owner], second[owner].factors)
        for feature, factors in by_id(part, part.factors).items():
            expected = factors + own.get(feature, 0)
            np.testing.assert_allclose(worker.model.factors[feature], expected, atol=1e-6)
    both = np.intersect1d(first[0].ids, second[0].ids)
    assert len(both) > 10
    alone = train(rows_between(click_rows(3000), 0, 800), run.hyperparameters).model
    for feature in both:  # the second round began where the first ended, with no merge between
        moved = sum(by_id(round_[0], round_[0].factors)[feature] for round_ in (first, second))
        expected = alone.factors[feature]
        np.testing.assert_allclose(start.factors[feature] + moved, expected, atol=1e-6)


@pytest.mark.parametrize("staleness", [1, 2])
def test_fast_worker_ahead_of_a_slow_one_changes_no_byte(staleness: int) -> None:
    lock_step = cluster(2, staleness).run()
    run = cluster(2, staleness)
    fast, slow = run.workers
    follower = LocalWorker(run.settings, 0, None, run.hyperparameters)
    ahead: deque[Sequence[RowDifferences]] = deque()
    while not follower.finished:
        while len(ahead) <= staleness:
            ahead.append(trained(run, fast, len(run.merged) + len(ahead) + 1))
        number = len(run.merged) + 1
        parts = [ahead.popleft(), trained(run, slow, number)]
        merged = [
            owner.merge(number, [each[index] for each in parts])
            for index, owner in enumerate(run.owners)
        ]
        run.merged.append(merged)
        follower.absorb(merged)
    assert parameter_bytes(follower.model) == parameter_bytes(lock_step.workers[0].model)


def trained(run: LocalCluster, worker: Worker, number: int) -> Sequence[RowDifferences]:
    """Train a round on the newest merge that staleness lets a worker wait for."""
    known = number - 1 - run.settings.staleness
    if known > 0:
        worker.absorb(run.merged[known - 1])
    return cast("Sequence[RowDifferences]", worker.train_round(number))


@pytest.mark.parametrize("staleness", [1, 2])
def test_metrics_of_an_epoch_count_every_row_once(staleness: int) -> None:
    rows = click_rows(2100)
    parts = [rows_between(rows, 0, 1700), rows_between(rows, 1700, 2100), None]
    settings = DistributedSettings(num_workers=3, round_rows=400, staleness=staleness)
    run = LocalCluster(settings, click_settings(epochs=2), parts).run()
    ends: dict[int, RoundSummary] = {}
    for merged in run.merged:
        if merged[0].summary.at_epoch_end:
            ends.setdefault(merged[0].summary.epoch, merged[0].summary)
    assert [summary.sums["weight"] for summary in ends.values()] == [2100, 2100]
    assert sum(merged[0].summary.rows for merged in run.merged) == 4200


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_workers_learn_as_well_as_one_process(optimizer: str) -> None:
    rate = 0.2 if optimizer == "sgd" else 1.0
    run = cluster(2, 1, epochs=3, _optimizer=optimizer, _learning_rate=rate).run()
    one = train(click_rows(3000), run.hyperparameters).model
    start = TrainingState.initial(run.hyperparameters).model()
    losses = [
        evaluate(model, click_rows(2000, seed=1))[LOSS]
        for model in (start, one, run.workers[0].model)
    ]
    assert losses[2] < losses[1] + 0.2 * (losses[0] - losses[1])


@pytest.mark.parametrize("staleness", [1, 2])
def test_restored_run_trains_each_row_once_though_owners_differ_by_all_rounds_under_way(
    tmp_path: Path, staleness: int
) -> None:
    killed = cluster(2, staleness, tmp_path, epochs=2, shuffle=True)
    killed.run(until=lambda: killed.number == 3)
    for number in range(4, 5 + staleness):  # owner 1 died before it committed the first of these
        parts = [worker.train_round(number)[0] for worker in killed.workers]
        killed.owners[0].merge(number, parts)
        killed.owners[0].commit(number)
    again = [cluster(2, staleness, tmp_path, epochs=2, shuffle=True) for _ in range(2)]
    common = set(again[0].owners[0].committed()) & set(again[0].owners[1].committed())
    assert max(common) == 3
    again[0].restore(3)
    merges = [owner.restore(3) for owner in again[1].owners]
    for worker in again[0].workers:
        for part in merges:
            assert np.array_equal(worker.model.factors[part.ids], part.factors)
    again[0].run()
    rows = [merged[0].summary.rows for merged in [*killed.merged, *again[0].merged]]
    assert sum(rows) == 6000
    ends = {
        merged[0].summary.epoch: merged[0].summary.sums["weight"]
        for merged in [*killed.merged, *again[0].merged]
        if merged[0].summary.at_epoch_end
    }
    assert ends == {0: 3000, 1: 3000}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_differences_added_to_what_they_were_taken_from_give_what_training_made(
    optimizer: str,
) -> None:
    changes = {"linear_l1": 0.3, "factors_l1": 0.3} if optimizer == "ftrl" else {}
    start = TrainingState.initial(click_settings(_optimizer=optimizer, **changes))
    state = train(click_rows(500), start.hyperparameters, state=start.copy()).state
    ids = np.arange(0, start.hyperparameters.feature_dim, 3)
    starts = (ids, *start.trainer.read_entries(ids))
    ends = (ids, *state.trainer.read_entries(ids))
    linear, factors, state_grown = start.trainer.entry_differences(starts, ends)
    differences = (ids, linear, factors, state_grown)
    again = start.trainer.with_differences(starts, [differences], 1.0)
    for found, expected in zip(again, ends[1:], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    few = (ids[::2], linear[::2], factors[::2], state_grown[::2])
    moved = start.trainer.with_differences(starts, [few], 1.0)
    for found, expected, left in zip(moved, ends[1:], starts[1:], strict=True):
        np.testing.assert_allclose(found[::2], expected[::2], rtol=1e-4, atol=1e-5)
        assert np.array_equal(found[1::2], left[1::2])


def test_merge_takes_rounds_without_each_other_as_one_that_is_so_much_longer() -> None:
    run = cluster(2, 2)
    start = TrainingState.initial(run.hyperparameters).trainer
    first, second = (parts[0] for parts in run.one_round())
    merged = run.merged[0][0]
    shared = np.intersect1d(first.ids, second.ids)
    changes = np.array([part.linear[np.searchsorted(part.ids, shared)] for part in (first, second)])
    growths = np.array(
        [part.state[np.searchsorted(part.ids, shared), 0, 0] for part in (first, second)]
    )
    linear, _, state = start.read_entries(shared)
    roots = np.sqrt(state[:, 0, 0])

    def way(growth: npt.NDArray[Any]) -> npt.NDArray[Any]:
        path = STIFFNESS * 0.05 * (np.sqrt(state[:, 0, 0] + 3 * growth) - roots)
        return np.asarray(path / (1 + path))

    scale = way(growths.sum(axis=0)) / (way(growths[0]) + way(growths[1]))
    at = np.searchsorted(merged.ids, shared)
    np.testing.assert_allclose(
        merged.linear[at], linear + scale * changes.sum(axis=0), rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(
        merged.state[at, 0, 0], state[:, 0, 0] + scale * growths.sum(axis=0), rtol=1e-3
    )


def test_staleness_that_no_worker_can_have_is_refused() -> None:
    with pytest.raises(UserError, match="staleness is -1; must be from 0"):
        DistributedSettings(num_workers=2, staleness=-1)
    with pytest.raises(UserError, match="staleness is 1 with mode 'sync', whose workers share"):
        DistributedSettings(num_workers=2, mode="sync", staleness=1)
    ahead = DistributedSettings(num_workers=2, staleness=1)
    with pytest.raises(UserError, match="staleness is 1 and the feature table grows"):
        ahead.refuse_unsupported(click_settings(feature_table="growing"))
