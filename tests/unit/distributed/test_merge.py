"""The merge rules beside the same formulas in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from click_cluster import FEATURE_DIM, STIFFNESS, LocalCluster, click_rows, click_settings, shares
from pairloom._core import positions_by_owner
from pairloom.data.joined_rows import rows_between
from pairloom.distributed import DistributedSettings, RowDifferences
from pairloom.training import TrainingState, train

NUM_WORKERS = 3
FTRL_BETA, L1, L2 = 1.0, 0.3, 0.02
Lines = npt.NDArray[np.float64]


def lines(part: RowDifferences | tuple[npt.NDArray[np.float32], ...]) -> Lines:
    """Return parameters in the first row of each entry, its states in those below."""
    arrays = part if isinstance(part, tuple) else (part.linear, part.factors, part.state)
    linear, factors, state = (array.astype(np.float64) for array in arrays)
    return np.concatenate([np.concatenate([linear[:, None], factors], 1)[:, None], state], 1)


def merged_in_shares(start: Lines, ends: list[Lines], touches: list[int]) -> Lines:
    """Return Adam's or SGD's line: a third of each change, and moments counted by touches."""
    counted = np.array(touches) / sum(touches)
    merged = start + np.tensordot(counted, np.array(ends) - start, 1)
    merged[0] = start[0] + (np.array(ends)[:, 0] - start[0]).sum(axis=0) / NUM_WORKERS
    return np.asarray(merged)


def merged_by_way(start: Lines, ends: list[Lines], rate: float, beta: float = 0.0) -> Lines:
    def way(squares: Lines) -> Lines:
        before, after = np.sqrt(start[1]), np.sqrt(squares)
        mean = (before + after) / 2
        damped = np.divide(mean, beta + mean, out=np.ones_like(mean), where=beta + mean > 0)
        path = STIFFNESS * rate * (after - before) * damped
        return np.asarray(path / (1 + path))

    change = (np.array(ends)[:, :2] - start[:2]).sum(axis=0)
    ways = np.array([way(end[1]) for end in ends]).sum(axis=0)
    scale = np.divide(way(start[1] + change[1]), ways, out=np.ones_like(ways), where=ways > 0)
    return np.asarray(start[:2] + scale * change)


def merged_ftrl(start: Lines, ends: list[Lines], rate: float) -> Lines:
    """Merge places before l1 pulls; McMahan's closed form makes a place and a parameter of z."""

    def strength(line: Lines) -> Lines:
        return np.asarray((np.sqrt(line[1]) + FTRL_BETA) / rate + L2)

    def placed(line: Lines) -> Lines:
        return np.stack([-line[2] / strength(line), line[1]])

    place, squares = merged_by_way(placed(start), [placed(end) for end in ends], rate, FTRL_BETA)
    strengths = strength(np.stack([place, squares]))
    z = -place * strengths
    weights = np.where(np.abs(z) <= L1, 0, -(z - np.sign(z) * L1) / strengths)
    return np.stack([weights, squares, z])


@pytest.mark.parametrize("optimizer", ["adagrad", "ftrl", "adam", "sgd"])
def test_merge_of_an_entry_follows_the_rule_of_its_optimizer(optimizer: str) -> None:
    settings = DistributedSettings(num_workers=NUM_WORKERS, num_owners=1, round_rows=500)
    changes = {"linear_l1": L1, "factors_l1": L1, "linear_wd": L2, "factors_wd": L2}
    hyperparameters = click_settings(
        _optimizer=optimizer, ftrl_beta=FTRL_BETA, **(changes if optimizer == "ftrl" else {})
    )
    run = LocalCluster(settings, hyperparameters, shares(click_rows(3000), NUM_WORKERS))
    initial = TrainingState.initial(hyperparameters).trainer
    parts = [each[0] for each in run.one_round()]
    versions = [lines(part) for part in parts]
    merged = run.merged[0][0]
    assert np.array_equal(merged.ids, np.unique(np.concatenate([part.ids for part in parts])))
    starts = lines(initial.read_entries(merged.ids))
    expected = np.empty_like(starts)
    shared = 0
    for place, feature in enumerate(merged.ids):
        rows = [np.searchsorted(part.ids, feature) for part in parts]
        holders = [
            worker for worker, row in enumerate(rows) if feature in parts[worker].ids[row : row + 1]
        ]
        ends = [versions[worker][rows[worker]] for worker in holders]
        touches = [1 for _ in holders]
        if optimizer == "adam":
            touches = [int(parts[worker].touches[rows[worker]]) for worker in holders]
            assert merged.touches[place] == sum(touches)
        shared += len(ends) > 1
        if optimizer in ("adam", "sgd"):
            expected[place] = merged_in_shares(starts[place], ends, touches)
        elif len(ends) == 1:
            expected[place] = ends[0]
        elif optimizer == "adagrad":
            expected[place] = merged_by_way(starts[place], ends, 0.05)
        else:
            expected[place] = merged_ftrl(starts[place], ends, 0.05)
    np.testing.assert_allclose(lines(merged), expected, rtol=1e-4, atol=1e-5)
    assert shared > 100
    assert (expected[:, 0] == 0).sum() > 100 or optimizer != "ftrl"


def test_workers_of_adam_and_sgd_learn_at_as_many_times_the_rate_as_they_are() -> None:
    for optimizer in ("adam", "sgd"):
        settings = DistributedSettings(num_workers=NUM_WORKERS, num_owners=1, round_rows=500)
        slow = click_settings(_optimizer=optimizer)
        run = LocalCluster(settings, slow, shares(click_rows(3000), NUM_WORKERS))
        part = run.one_round()[1][0]
        fast = click_settings(_optimizer=optimizer, _learning_rate=float(NUM_WORKERS))
        trained = train(rows_between(click_rows(3000), 1000, 1500), fast).model
        assert np.array_equal(part.factors, trained.factors[part.ids])
        assert np.array_equal(part.linear, trained.linear_weights[part.ids])


def test_step_count_of_workers_grows_as_that_of_the_one_with_most_mini_batches() -> None:
    rows = click_rows(700)
    parts = [rows_between(rows, 0, 500), rows_between(rows, 500, 700), None]
    settings = DistributedSettings(num_workers=NUM_WORKERS, round_rows=500)
    run = LocalCluster(settings, click_settings(_optimizer="adam"), parts)
    run.one_round()
    assert [worker.state.trainer.step_count for worker in run.workers] == [10] * NUM_WORKERS
    assert run.merged[0][0].summary.steps == 14


def test_owners_get_every_feature_once_in_like_shares() -> None:
    run = LocalCluster(
        DistributedSettings(num_workers=1, num_owners=4), click_settings(), [click_rows(3000)]
    )
    parts = run.one_round()[0]
    ids = np.concatenate([part.ids for part in parts])
    assert len(ids) == len(set(ids.tolist()))
    for owner, part in enumerate(parts):
        assert len(positions_by_owner(part.ids, 4)[owner]) == len(part.ids)
    counts = [len(own) for own in positions_by_owner(np.arange(FEATURE_DIM), 4)]
    assert min(counts) > 0.8 * max(counts)
