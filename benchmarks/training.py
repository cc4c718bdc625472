"""Training speed on the click workload, beside xLearn in interleaved pairs of runs; dense MNIST.

    python benchmarks/training.py            # short: 3 pairs, one-hot rows, k = 8
    python benchmarks/training.py --long     # 7 pairs; k = 8 and 16; real-valued rows as well

docs/benchmarks.md says what is timed and which traps there are.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from click_data import CACHE_FOLDER, check_figures, load_click_data
from contestants import SETTINGS, Measurement, PairloomRuns, Workload, XlearnRuns
from machine import describe_machine
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import train
from xlearn_peer import Xlearn, XlearnUnavailableError

MNIST_FOLDER = Path(__file__).resolve().parents[1] / "examples" / "mnist"


@dataclass(frozen=True, slots=True)
class Pair:
    """One epoch of each program, run one after the other."""

    ours: Measurement
    peer: Measurement | None


def main() -> None:
    arguments = parse_arguments()
    print("\n".join(describe_machine()))
    data = load_click_data(arguments.seed)
    print("\n".join(check_figures(data.figures)))
    xlearn = install_xlearn()
    for num_factors, real_valued in arguments.forms:
        benchmark(
            Workload(data, num_factors, real_valued), xlearn, arguments.threads, arguments.pairs
        )
    dense_mnist(arguments.threads, arguments.pairs)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Training speed, beside xLearn.")
    parser.add_argument("--long", action="store_true", help="7 pairs, k = 8 and 16, real values")
    parser.add_argument("--pairs", type=int, help="pairs of runs; 3, or 7 with --long")
    parser.add_argument("--num-factors", type=int, nargs="+", help="8, or 8 and 16 with --long")
    parser.add_argument("--real-valued", action="store_true", help="real-valued rows as well")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=1, help="of the data")
    arguments = parser.parse_args()
    arguments.pairs = arguments.pairs or (7 if arguments.long else 3)
    num_factors = arguments.num_factors or ([8, 16] if arguments.long else [8])
    forms = [(k, False) for k in num_factors]
    if arguments.long or arguments.real_valued:
        forms.append((num_factors[0], True))
    arguments.forms = forms
    return arguments


def install_xlearn() -> Xlearn | None:
    try:
        return Xlearn(CACHE_FOLDER.parent)
    except XlearnUnavailableError as error:
        print(f"NOT COMPARED with xLearn, which could not be installed: {error}")
        return None


def benchmark(
    workload: Workload, xlearn: Xlearn | None, threads: Sequence[int], num_pairs: int
) -> None:
    print(f"\n== {workload.name}; training only, one epoch, {num_pairs} pairs")
    ours = PairloomRuns(workload)
    print(
        f"Pairloom: AdaGrad, linear_lr {ours.linear_lr:g} and factors_lr {ours.factors_lr:g} "
        f"chosen on a validation slice of the training rows, mini_batch_size "
        f"{SETTINGS['mini_batch_size']}, batch_ramp {SETTINGS['batch_ramp']}"
    )
    peer = None if xlearn is None else XlearnRuns(workload, xlearn)
    pairs = run_pairs(ours, peer, threads, num_pairs)
    report(workload, pairs)
    if peer is not None:
        report_cpu(ours, peer, pairs[threads[0]], threads[0])


def run_pairs(
    ours: PairloomRuns, peer: XlearnRuns | None, threads: Sequence[int], num_pairs: int
) -> dict[int, list[Pair]]:
    """Run both programs in turn at each thread count; each goes first in every other pair."""
    ours.train(max(threads))  # wakes the thread pool and the memory
    pairs: dict[int, list[Pair]] = {num_threads: [] for num_threads in threads}
    for index, num_threads in itertools.product(range(num_pairs), threads):
        first = peer.train(num_threads) if peer is not None and index % 2 else None
        mine = ours.train(num_threads)
        second = peer.train(num_threads) if peer is not None and first is None else first
        pairs[num_threads].append(Pair(mine, second))
    return pairs


def report(workload: Workload, pairs: dict[int, list[Pair]]) -> None:
    num_rows = workload.data.train.num_rows
    nonzeros = workload.batch("train").num_nonzeros
    print("program  threads  seconds (range)           Mrows/s  Mnonzeros/s  log loss      AUC")
    for num_threads, runs in pairs.items():
        for program, measurements in programs_of(runs):
            seconds = [one.seconds for one in measurements]
            middle = statistics.median(seconds)
            print(
                f"{program:<8} {num_threads:>7}  {middle:.3f} ({spread(seconds, '.3f')})"
                f"  {num_rows / middle / 1e6:>11.3f}  {nonzeros / middle / 1e6:>11.1f}"
                f"  {statistics.median(one.log_loss for one in measurements):>8.5f}"
                f"  {statistics.median(one.auc for one in measurements):>7.5f}"
            )
    report_ratios(pairs)


def programs_of(runs: Sequence[Pair]) -> list[tuple[str, list[Measurement]]]:
    peers = [pair.peer for pair in runs if pair.peer is not None]
    ours = ("Pairloom", [pair.ours for pair in runs])
    return [ours, ("xLearn", peers)] if peers else [ours]


def report_ratios(pairs: dict[int, list[Pair]]) -> None:
    for num_threads, runs in pairs.items():
        ratios = [pair.peer.seconds / pair.ours.seconds for pair in runs if pair.peer is not None]
        if ratios:
            print(
                f"xLearn's seconds / Pairloom's, {num_threads} threads: "
                f"{statistics.median(ratios):.2f} ({spread(ratios, '.2f')})"
            )
    if 1 in pairs and 2 in pairs:
        for program in range(len(programs_of(pairs[1]))):
            name, one = programs_of(pairs[1])[program]
            two = programs_of(pairs[2])[program][1]
            gains = [a.seconds / b.seconds for a, b in zip(one, two, strict=True)]
            print(
                f"{name}: two threads over one {statistics.median(gains):.2f} "
                f"({spread(gains, '.2f')})"
            )


def report_cpu(
    ours: PairloomRuns, peer: XlearnRuns, pairs: Sequence[Pair], num_threads: int
) -> None:
    """Print the processor time of an epoch: that of a run of two less that of a run of one.

    Unlike the clock it is not stretched by other programs on the same cores, only by what they
    evict from the caches.
    """
    ours_seconds, peer_seconds = [], []
    for pair in pairs:
        if pair.peer is not None:
            both = (ours.train(num_threads, 2), peer.train(num_threads, 2))
            ours_seconds.append(both[0].cpu_seconds - pair.ours.cpu_seconds)
            peer_seconds.append(both[1].cpu_seconds - pair.peer.cpu_seconds)
    ratios = [b / a for a, b in zip(ours_seconds, peer_seconds, strict=True)]
    print(
        f"processor seconds of an epoch, {num_threads} threads: "
        f"Pairloom {statistics.median(ours_seconds):.3f} ({spread(ours_seconds, '.3f')}), "
        f"xLearn {statistics.median(peer_seconds):.3f} ({spread(peer_seconds, '.3f')}), "
        f"ratio {statistics.median(ratios):.2f} ({spread(ratios, '.2f')})"
    )


def spread(numbers: Iterable[float], form: str) -> str:
    ordered = sorted(numbers)
    return f"{ordered[0]:{form}} to {ordered[-1]:{form}}"


def dense_mnist(threads: Sequence[int], num_runs: int) -> None:
    """Time epochs over the 50,000 dense training images, 784 values a row."""
    sys.path.insert(0, str(MNIST_FOLDER))
    rows: RowBatch = import_module("mnist").load_mnist().train.rows()
    settings = resolve(
        {
            "feature_dim": rows.feature_dim,
            "num_factors": 10,
            "predictor_type": "binary_classifier",
            "mini_batch_size": 200,
        }
    )
    print(
        f"\n== dense MNIST, {rows.num_rows} rows of {rows.feature_dim}; training only, k = 10, "
        "mini-batches of 200"
    )
    for num_threads in threads:
        seconds = [
            train(rows, settings, num_threads=num_threads).history[0].seconds
            for _ in range(num_runs)
        ]
        middle = statistics.median(seconds)
        print(
            f"Pairloom {num_threads:>7}  {middle:.3f} ({spread(seconds, '.3f')}) seconds  "
            f"{rows.num_rows / middle:,.0f} rows/s"
        )


if __name__ == "__main__":
    main()
