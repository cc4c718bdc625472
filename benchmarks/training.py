"""Training speed on the click workload, beside its peers in interleaved pairs of runs.

    python benchmarks/training.py            # short: 3 pairs, one-hot rows, k = 8
    python benchmarks/training.py --long     # 7 pairs; k = 8 and 16; real values; Vowpal Wabbit

docs/benchmarks.md says what is timed and which traps there are.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from click_data import CACHE_FOLDER, check_figures, load_click_data
from contestants import (
    SETTINGS,
    Contestant,
    Measurement,
    ModernFmRuns,
    PairloomRuns,
    Workload,
    XlearnRuns,
)
from machine import describe_machine
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import train
from vowpal_wabbit_peer import NUM_ROWS, VowpalWabbit
from xlearn_peer import Xlearn, XlearnUnavailableError

MNIST_FOLDER = Path(__file__).resolve().parents[1] / "examples" / "mnist"

Runs = Mapping[int, Sequence[Measurement]]  # by number of threads


@dataclass(frozen=True, slots=True)
class Pairs:
    """Epochs of both programs, run in turn; the n-th of each make a pair."""

    peer_name: str
    ours: Runs
    peers: Runs

    def ratios(self, num_threads: int, what: str = "seconds") -> list[float]:
        return [
            getattr(peer, what) / getattr(ours, what)
            for ours, peer in zip(self.ours[num_threads], self.peers[num_threads], strict=True)
        ]


def main() -> None:
    arguments = parse_arguments()
    print("\n".join(describe_machine()))
    data = load_click_data(arguments.seed)
    print("\n".join(check_figures(data.figures)))
    xlearn = None if arguments.without_peers else install_xlearn()
    for num_factors, real_valued in arguments.forms:
        workload = Workload(data, num_factors, real_valued)
        print(f"\n== {workload.name}; training only, {arguments.pairs} pairs")
        benchmark(workload, arguments, xlearn)
    if arguments.long and not arguments.without_peers:
        beside_vowpal_wabbit(Workload(data, arguments.num_factors[0], real_valued=False))
    dense_mnist(arguments.threads, arguments.pairs)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Training speed, beside its peers.")
    parser.add_argument("--long", action="store_true", help="7 pairs, k = 8 and 16, real values")
    parser.add_argument("--pairs", type=int, help="pairs of runs; 3, or 7 with --long")
    parser.add_argument("--num-factors", type=int, nargs="+", help="8, or 8 and 16 with --long")
    parser.add_argument("--real-valued", action="store_true", help="real-valued rows as well")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=1, help="of the data")
    parser.add_argument("--without-peers", action="store_true", help="Pairloom alone")
    arguments = parser.parse_args()
    arguments.pairs = arguments.pairs or (7 if arguments.long else 3)
    num_factors = arguments.num_factors or ([8, 16] if arguments.long else [8])
    arguments.num_factors = num_factors
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


def benchmark(workload: Workload, arguments: argparse.Namespace, xlearn: Xlearn | None) -> None:
    ours = PairloomRuns(workload)
    print(
        f"Pairloom: AdaGrad, linear_lr {ours.linear_lr:g} and factors_lr {ours.factors_lr:g} "
        f"chosen on a validation slice of the training rows, mini_batch_size "
        f"{SETTINGS['mini_batch_size']}, batch_ramp {SETTINGS['batch_ramp']}"
    )
    threads: Sequence[int] = arguments.threads
    ours.train(max(threads))  # wakes the thread pool and the memory
    if xlearn is not None:
        peer = XlearnRuns(workload, xlearn)
        report(workload, run_pairs(ours, peer, threads, arguments.pairs))
        print("the second epoch, whose mini-batches are prepared:")
        report(workload, run_pairs(ours, peer, threads, arguments.pairs, epochs=2))
    if not arguments.without_peers:
        beside_modern_fm(workload, ours, threads, arguments.pairs)
    if arguments.without_peers:
        alone = {n: [ours.train(n) for _ in range(arguments.pairs)] for n in threads}
        report_runs(workload, ours.name, alone)
    rate = workload.data.test.num_rows / ours.seconds_to_predict()
    print(f"Pairloom predicts {rate / 1e6:.2f} Mrows/s with one thread")


def beside_modern_fm(
    workload: Workload, ours: PairloomRuns, threads: Sequence[int], num_pairs: int
) -> None:
    if find_spec("modern_fm") is None:
        print("NOT COMPARED with modern-fm, which is not installed: pip install --group bench")
        return
    peer = ModernFmRuns(workload)
    print(f"modern-fm: AdaGrad, learning_rate {peer.learning_rate:g} chosen on the same slice")
    report(workload, run_pairs(ours, peer, threads, min(3, num_pairs)))


def beside_vowpal_wabbit(workload: Workload) -> None:
    """Compare rows per second of processor time: Vowpal Wabbit's of a slice, Pairloom's of all."""
    if find_spec("vowpalwabbit") is None:
        print("NOT COMPARED with Vowpal Wabbit, which is not installed: pip install --group bench")
        return
    train_rows = workload.data.train
    ours = PairloomRuns(workload)
    folder = workload.data.folder / "vowpal-wabbit"
    peer = VowpalWabbit(train_rows, workload.num_factors, folder)
    ratios = []
    for _ in range(3):
        rows_per_second = train_rows.num_rows / ours.train(1).seconds
        ratios.append(rows_per_second * peer.cpu_seconds() / NUM_ROWS)
    print(
        f"\n== Vowpal Wabbit, --lrq ff{workload.num_factors}: Pairloom trains "
        f"{statistics.median(ratios):.0f} times as many rows a second ({spread(ratios, '.0f')})"
    )


def run_pairs(
    ours: Contestant, peer: Contestant, threads: Sequence[int], num_pairs: int, epochs: int = 1
) -> Pairs:
    """Run both programs in turn at each thread count; each goes first in every other pair."""
    runs: dict[str, dict[int, list[Measurement]]] = {
        program.name: {num_threads: [] for num_threads in threads} for program in (ours, peer)
    }
    for index, num_threads in itertools.product(range(num_pairs), threads):
        for program in (ours, peer) if index % 2 == 0 else (peer, ours):
            runs[program.name][num_threads].append(program.train(num_threads, epochs))
    return Pairs(peer.name, runs[ours.name], runs[peer.name])


def report(workload: Workload, pairs: Pairs) -> None:
    report_runs(workload, "Pairloom", pairs.ours)
    report_runs(workload, pairs.peer_name, pairs.peers)
    for num_threads in pairs.ours:
        ratios = pairs.ratios(num_threads)
        print(
            f"{pairs.peer_name}'s seconds / Pairloom's, {num_threads} threads: "
            f"{statistics.median(ratios):.2f} ({spread(ratios, '.2f')})"
        )


def report_runs(workload: Workload, name: str, runs: Runs) -> None:
    num_rows = workload.data.train.num_rows
    nonzeros = workload.batch("train").num_nonzeros
    print("program    threads  seconds (range)           Mrows/s  Mnonzeros/s  log loss      AUC")
    for num_threads, measurements in runs.items():
        seconds = [one.seconds for one in measurements]
        middle = statistics.median(seconds)
        print(
            f"{name:<10} {num_threads:>7}  {middle:.3f} ({spread(seconds, '.3f')})"
            f"  {num_rows / middle / 1e6:>11.3f}  {nonzeros / middle / 1e6:>11.1f}"
            f"  {statistics.median(one.log_loss for one in measurements):>8.5f}"
            f"  {statistics.median(one.auc for one in measurements):>7.5f}"
        )
    if 1 in runs and 2 in runs:
        gains = [a.seconds / b.seconds for a, b in zip(runs[1], runs[2], strict=True)]
        print(
            f"{name}: two threads over one {statistics.median(gains):.2f} ({spread(gains, '.2f')})"
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
