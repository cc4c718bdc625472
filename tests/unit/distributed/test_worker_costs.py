"""The arithmetic of the cost model in `benchmarks`, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from worker_costs import Costs, FeatureGrowth, Measured, Network, Round, fit, simulate

# Features grow with the square root of the rows, up to 1,000.
ROOT = FeatureGrowth((100, 10_000), (10, 100), most=1000)


@pytest.mark.parametrize(
    ("num_rows", "expected"), [(100, 10), (400, 20), (10_000, 100), (250_000, 500), (10**9, 1000)]
)
def test_features_grow_with_a_power_of_the_rows_up_to_all(num_rows: int, expected: float) -> None:
    assert ROOT.features(num_rows) == pytest.approx(expected)


def test_each_stretch_between_two_counts_has_a_power_of_its_own() -> None:
    growth = FeatureGrowth((1, 10, 1000), (1, 10, 100))
    assert growth.features(5) == pytest.approx(5)
    assert growth.features(100_000) == pytest.approx(1000)


def test_a_round_counts_what_every_process_handles() -> None:
    of = Round(4, 2500)
    # 4 parts of 50 entries are taken out and merged; 100 are committed and taken in by 4.
    assert of.handled(ROOT) == pytest.approx(2 * 4 * 50 + 100 * 5)
    assert of.handled_by_one(ROOT) == pytest.approx(2 * 50 + 100 / 4 + 100)
    assert of.rows == 10_000
    # 4 workers train and absorb, 4 owners merge and commit; 16 parts and 16 merges are sent.
    assert of.calls == 16
    assert of.messages == 32


def test_costs_that_made_the_measurements_are_found_again() -> None:
    costs = Costs(row=1e-6, entry=5e-8, call=3e-3, message=2e-4)
    rounds = [Round(n, rows) for n in (1, 2) for rows in (100, 10_000, 200_000)]
    measured = [Measured(of, costs.processor_seconds(of, ROOT)) for of in rounds]
    found = fit(1e-6, measured, ROOT)
    assert (found.entry, found.call, found.message) == pytest.approx((5e-8, 3e-3, 2e-4), rel=1e-6)


def test_no_cost_is_negative_where_measurements_ask_for_it() -> None:
    found = fit(1e-3, [Measured(Round(1, 100), 1.0), Measured(Round(2, 100), 0.5)], ROOT)
    assert min(found.entry, found.call, found.message) >= 0


def test_a_simulated_round_is_the_sum_of_its_parts() -> None:
    time = simulate(
        Round(4, 2500), Costs(0.001, 0.01, 0.2, 0.05), ROOT, Network(1000, 0.5), entry_bytes=10
    )
    assert time.training == pytest.approx(2.5)
    assert time.entries == pytest.approx(0.01 * 225)
    assert time.network == pytest.approx(2 * 0.5 + 10 * 150 / 1000)
    assert time.messages == pytest.approx(4.8)
    assert time.total == pytest.approx(2.5 + 2.25 + 2.5 + 4.8)
    assert time.exchange_share == pytest.approx(1 - 2.5 / 12.05)
