"""Several workers: what a round's exchange costs, and how fast they are beside trainings alone.

    .venv-ray/bin/python benchmarks/workers.py             # all tables
    .venv-ray/bin/python benchmarks/workers.py --tables phases
    .venv-ray/bin/python benchmarks/workers.py --tables phases --feature-tables fixed growing
    .venv-ray/bin/python benchmarks/workers.py --pairs 7
    .venv-ray/bin/python benchmarks/workers.py --tables speed --rounds 3 --staleness 0 1

Click rows, 8 factors, AdaGrad, one thread for each worker. `phases` needs no Ray. `speed` compares
workers over Ray with as many trainings that know nothing of each other, side by side and in pairs.
`model` fits a round's costs to 1 and 2 workers, holds them against 4, and says what follows for
more than this machine has.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from click_data import ClickData, load_click_data
from machine import describe_machine
from pairloom.distributed import DistributedSettings
from pairloom.distributed.ray_cluster import ray_cluster
from worker_costs import Costs, FeatureGrowth, Measured, Network, Round, fit, simulate
from worker_runs import NUM_FACTORS, PHASES, Phases, Speed, alone, over_ray

TABLES = ("phases", "speed", "model")
MEASURED_EPOCHS = 4  # of `speed`
DEFAULT_ROUND = DistributedSettings(num_workers=2).round_rows
PHASE_ROUNDS = (100_000, 1_000_000, DEFAULT_ROUND)
COUNTED_ROWS = (1000, 4000, 16_000, 62_500, 250_000, 1_000_000)
FITTED = [Round(workers, rows) for workers in (1, 2) for rows in (2048, 250_000)]
HELD_AGAINST = [Round(4, 2048), Round(4, 250_000)]
ENTRY_BYTES = 8 + 4 * (1 + NUM_FACTORS) * 2
NETWORK = Network(bytes_per_second=10e9 / 8, latency_seconds=0.5e-3)
TERABYTE_ROWS = 4.37e9  # of Criteo's terabyte of click logs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--round-rows", type=int, default=DEFAULT_ROUND, help="of `speed`")
    parser.add_argument(
        "--feature-tables",
        nargs="+",
        choices=("fixed", "growing"),
        default=("fixed",),
        help="of `phases`; default fixed",
    )
    parser.add_argument("--rounds", type=int, default=1, help="of an epoch in `speed`")
    parser.add_argument("--staleness", type=int, nargs="+", default=[0], help="of `speed`")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    arguments = parser.parse_args()
    print("\n".join(describe_machine()))
    data = load_click_data(1)
    if "phases" in arguments.tables:
        for round_rows, table in itertools.product(PHASE_ROUNDS, arguments.feature_tables):
            print_phases(data, round_rows, arguments.pairs, table)
    if {"speed", "model"} & {*arguments.tables}:
        with ray_cluster(num_cpus=4) as ray:
            if "speed" in arguments.tables:
                lengths = EpochLengths(arguments.round_rows, arguments.rounds)
                print_speed(ray, data, lengths, arguments.staleness, arguments.pairs)
            if "model" in arguments.tables:
                print_model(ray, data)


def print_phases(data: ClickData, round_rows: int, num_rounds: int, feature_table: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        phases = Phases(data, 2, round_rows, Path(folder), feature_table)
        phases.one_round()  # in which mini-batches are prepared, as in an epoch's first
        rounds = [phases.one_round() for _ in range(num_rounds)]
    print(
        f"a round of 2 workers x {round_rows:,} rows, {feature_table} tables, milliseconds of "
        "processor time of each:"
    )
    for phase in PHASES:
        print(f"  {phase:8} {statistics.median(each[phase] for each in rounds) / 2 * 1e3:7.1f}")
    for beside in ("", "commit"):
        shares = [_exchange_share(each, beside) for each in rounds]
        print(
            f"  exchange{' and commit' if beside else ''}: {statistics.median(shares):.1%} of the "
            f"round ({min(shares):.1%} to {max(shares):.1%})"
        )


def _exchange_share(spent: dict[str, float], beside: str) -> float:
    exchange = sum(
        seconds
        for phase, seconds in spent.items()
        if phase not in {"training", "commit"} - {beside}
    )
    return exchange / (exchange + spent["training"])


@dataclass(frozen=True, slots=True)
class EpochLengths:
    """Rows of a round, and rounds of an epoch."""

    round_rows: int
    rounds: int

    @property
    def num_rows(self) -> int:
        return self.round_rows * self.rounds


def print_speed(
    ray: Any, data: ClickData, lengths: EpochLengths, staleness: Sequence[int], num_pairs: int
) -> None:
    ratios: dict[tuple[int, str], list[float]] = {}
    for pair in range(num_pairs):
        runs: list[int | None] = [None, *staleness]  # None: trainings alone
        found = {
            run: speed_of(ray, data, lengths, run) for run in (runs[::-1] if pair % 2 else runs)
        }
        apart = found[None]
        for ahead in staleness:
            together = found[ahead]
            by_clock = together.by_clock / apart.by_clock
            by_processor = together.by_processor / apart.by_processor
            ratios.setdefault((ahead, "clock"), []).append(by_clock)
            ratios.setdefault((ahead, "processor time"), []).append(by_processor)
            print(
                f"2 workers, staleness {ahead} {together.by_clock:10,.0f} rows/s   2 alone "
                f"{apart.by_clock:10,.0f} rows/s   ratio {by_clock:.2f}   rows per processor "
                f"second: ratio {by_processor:.2f}",
                flush=True,
            )
    for (ahead, what), each in ratios.items():
        print(
            f"{lengths.rounds} rounds of {lengths.round_rows:,} rows an epoch, staleness {ahead}: "
            f"2 workers reach {statistics.median(each):.2f} of 2 trainings alone by {what} "
            f"({min(each):.2f} to {max(each):.2f})"
        )


def speed_of(ray: Any, data: ClickData, lengths: EpochLengths, staleness: int | None) -> Speed:
    if staleness is None:
        return alone(2, lengths.num_rows, MEASURED_EPOCHS)
    settings = DistributedSettings(
        num_workers=2, round_rows=lengths.round_rows, staleness=staleness
    )
    return over_ray(ray, data, settings, lengths.num_rows, MEASURED_EPOCHS).speed


def print_model(ray: Any, data: ClickData) -> None:
    growth = counted_features(data)
    row = 1 / alone(2, 250_000, 3).by_processor
    costs = fit(row, [measured(ray, data, of) for of in FITTED], growth)
    print(
        f"{costs.row * 1e6:.2f} us of processor time a row alone; fitted to 1 and 2 workers: "
        f"{costs.entry * 1e9:.0f} ns an entry, {costs.call * 1e3:.2f} ms a call, "
        f"{costs.message * 1e3:.2f} ms a message"
    )
    for of in HELD_AGAINST:
        found = measured(ray, data, of).processor_seconds
        told = costs.processor_seconds(of, growth)
        print(f"  predicted {told * 1e3:7.0f} ms ({told / found - 1:+.0%})")
    print_extrapolation(costs, growth)


def counted_features(data: ClickData) -> FeatureGrowth:
    counts = (
        int(np.count_nonzero(np.bincount(data.train.feature_ids[:rows].ravel())))
        for rows in COUNTED_ROWS
    )
    return FeatureGrowth(COUNTED_ROWS, tuple(counts))


def measured(ray: Any, data: ClickData, of: Round) -> Measured:
    rows = int(of.rows_of_a_worker)
    num_rounds = max(4, min(20, 500_000 // rows))
    spread = DistributedSettings(num_workers=of.num_workers, round_rows=rows)
    run = over_ray(ray, data, spread, rows, num_rounds)
    seconds = run.processor_seconds_of_a_round
    print(
        f"{of.num_workers} workers, rounds of {rows:9,} rows: {seconds * 1e3:7.0f} ms of processor "
        f"time a round",
        flush=True,
    )
    return Measured(of, seconds)


def print_extrapolation(costs: Costs, growth: FeatureGrowth) -> None:
    print(
        f"EXTRAPOLATION to machines of one worker each, {NETWORK.bytes_per_second * 8 / 1e9:.0f} "
        f"Gbit/s, {NETWORK.latency_seconds * 1e3:.1f} ms; {TERABYTE_ROWS:,.0f} rows:"
    )
    for workers, rows in itertools.product((2, 8, 64, 512), (DEFAULT_ROUND, 10 * DEFAULT_ROUND)):
        of = Round(workers, rows)
        time = simulate(of, costs, growth, NETWORK, ENTRY_BYTES)
        print(
            f"  {workers:3} workers, rounds of {rows:11,} rows: training {time.training:6.2f} s, "
            f"entries {time.entries:6.2f} s, network {time.network:6.2f} s, messages "
            f"{time.messages:6.2f} s; exchange {time.exchange_share:4.0%}; "
            f"{of.rows / time.total:11,.0f} rows/s; an epoch {_hours(of, time.total):6.2f} h"
        )


def _hours(of: Round, seconds: float) -> float:
    return TERABYTE_ROWS / of.rows * seconds / 3600


if __name__ == "__main__":
    main()
