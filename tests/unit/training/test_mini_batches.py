"""Where mini-batches end, with and without a ramp."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.reference_machine import ReferenceMachine, ReferenceSettings
from pairloom.hyperparameters import Hyperparameters, resolve
from pairloom.training.epoch import next_boundary


def settings_of(mini_batch_size: int, batch_ramp: int) -> Hyperparameters:
    return resolve(
        {
            "feature_dim": 10,
            "num_factors": 2,
            "predictor_type": "regressor",
            "mini_batch_size": mini_batch_size,
            "batch_ramp": batch_ramp,
        }
    )


def epoch_of(settings: Hyperparameters, num_rows: int, rows_before: int = 0) -> list[int]:
    ends = [0]
    while ends[-1] < num_rows:
        ends.append(min(num_rows, next_boundary(settings, ends[-1], rows_before)))
    return [end - begin for begin, end in itertools.pairwise(ends)]


def test_without_a_ramp_all_mini_batches_but_the_last_are_full() -> None:
    assert epoch_of(settings_of(100, 0), 250) == [100, 100, 50]


def test_a_ramp_starts_with_64_rows_and_grows_with_the_rows_trained() -> None:
    sizes = epoch_of(settings_of(1024, 16), 20_480)
    assert sizes[:32] == [64] * 32
    assert sizes[32] == 128
    assert max(sizes[:40]) == 128
    assert sizes[-1] == 1024


def test_an_epoch_after_enough_rows_has_full_mini_batches() -> None:
    assert epoch_of(settings_of(1024, 16), 4096, rows_before=100_000) == [1024] * 4


def test_a_mini_batch_size_under_64_is_kept() -> None:
    assert epoch_of(settings_of(10, 16), 35) == [10, 10, 10, 5]


@given(st.integers(1, 3000), st.integers(0, 100), st.integers(1, 9000), st.integers(0, 300_000))
def test_mini_batches_are_the_oracles_and_keep_its_boundaries(
    mini_batch_size: int, batch_ramp: int, num_rows: int, rows_before: int
) -> None:
    settings = settings_of(mini_batch_size, batch_ramp)
    sizes = epoch_of(settings, num_rows, rows_before)
    ends = set(itertools.accumulate(sizes))
    assert set(range(mini_batch_size, num_rows, mini_batch_size)) <= ends
    start = 0
    for size in sizes:
        expected = oracle_rows(mini_batch_size, batch_ramp, start, rows_before + start)
        assert size == min(expected, num_rows - start)
        start += size
    assert start == num_rows


def oracle_rows(mini_batch_size: int, batch_ramp: int, start: int, rows_trained: int) -> int:
    settings = ReferenceSettings(
        predictor_type="regressor", mini_batch_size=mini_batch_size, batch_ramp=batch_ramp
    )
    machine = ReferenceMachine.__new__(ReferenceMachine)
    machine.settings, machine.rows_trained = settings, rows_trained
    return machine.mini_batch_rows(start)


@pytest.mark.parametrize("rows_before", [0, 5000])
def test_no_ramped_mini_batch_is_larger_than_its_share(rows_before: int) -> None:
    done = rows_before
    for size in epoch_of(settings_of(4096, 32), 50_000, rows_before):
        assert size <= max(64, done // 32)
        done += size
