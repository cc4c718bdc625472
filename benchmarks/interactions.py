"""How long the exact search for the strongest interactions takes.

python benchmarks/interactions.py [--features 1000000] [--factors 8] [--worst]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import numpy.typing as npt

from machine import describe_machine
from pairloom import Model
from pairloom.hyperparameters import resolve

COUNT = 100


def directions(num_features: int, num_factors: int) -> npt.NDArray[np.float64]:
    vectors = np.random.default_rng(0).normal(size=(num_features, num_factors))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def heavy_tailed(vectors: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    """Give the vectors norms as training does: most stay near the start, few grow large."""
    norms = 0.02 * np.random.default_rng(1).lognormal(0.0, sigma, (len(vectors), 1))
    return np.asarray(vectors * norms)


def measure(name: str, vectors: npt.NDArray[np.float64]) -> None:
    num_features, num_factors = vectors.shape
    shape = {"feature_dim": num_features, "num_factors": num_factors}
    model = Model.from_parameters(
        resolve({**shape, "predictor_type": "regressor"}),
        bias=0.0,
        linear_weights=np.zeros(num_features, np.float32),
        factors=vectors.astype(np.float32),
    )
    for threads in (1, 2):
        started, used = time.perf_counter(), time.process_time()
        found = model.top_interactions(COUNT, num_threads=threads)
        seconds, used = time.perf_counter() - started, time.process_time() - used
        weakest = abs(found[-1].inner_product)
        print(f"{name:<26} {threads} threads {seconds:8.2f} s, of processors {used:8.2f} s; "
              f"the last of {COUNT}: {weakest:.5f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=1_000_000)
    parser.add_argument("--factors", type=int, default=8)
    parser.add_argument("--worst", action="store_true", help="equal norms too, which takes longer")
    given = parser.parse_args()
    print(*describe_machine(), sep="\n")
    random = directions(given.features, given.factors)
    print(f"{given.features:,} features, {given.factors} factors, random directions")
    for sigma in (1.0, 0.5):
        measure(f"norms lognormal, sigma {sigma}", heavy_tailed(random, sigma))
    if given.worst:
        measure("norms all equal", random)


if __name__ == "__main__":
    main()
