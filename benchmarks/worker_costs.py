"""What a round of several workers costs: compute, bytes and latency, fitted and extrapolated.

A round trains rows, handles entries, makes calls and sends messages, each at one price in
processor seconds. Entries are handled when a worker takes out what it touched, when its owner
merges that, when the owner commits the merge, and when every worker takes it in. What a cluster's
network adds is arithmetic over its rate and latency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls


@dataclass(frozen=True, slots=True)
class FeatureGrowth:
    """How many distinct features so many rows hold.

    Attributes
    ----------
    num_rows, num_features
        Counted, ascending. Between two counts, and beyond the last along the last two, features
        grow with a power of the rows.
    most
        There are no more.
    """

    num_rows: tuple[int, ...]
    num_features: tuple[int, ...]
    most: float = np.inf

    def features(self, num_rows: float) -> float:
        rows, features = np.log(self.num_rows), np.log(self.num_features)
        first = int(np.clip(np.searchsorted(rows, np.log(num_rows)) - 1, 0, len(rows) - 2))
        power = (features[first + 1] - features[first]) / (rows[first + 1] - rows[first])
        return float(
            min(self.most, np.exp(features[first] + power * (np.log(num_rows) - rows[first])))
        )


@dataclass(frozen=True, slots=True)
class Round:
    """A round's workers, and the rows of each; there are as many owners as workers."""

    num_workers: int
    rows_of_a_worker: float

    @property
    def rows(self) -> float:
        return self.num_workers * self.rows_of_a_worker

    @property
    def calls(self) -> float:
        """Return those of the driver: to train, to merge, to commit, to absorb."""
        return 4 * self.num_workers

    @property
    def messages(self) -> float:
        """Return the parts to owners and the merges to workers, each pair's own."""
        return 2 * self.num_workers**2

    def handled(self, growth: FeatureGrowth) -> float:
        """Return how often an entry is handled, by all processes together."""
        merged = growth.features(self.rows)
        handed = self.num_workers * growth.features(self.rows_of_a_worker)
        return 2 * handed + merged * (self.num_workers + 1)

    def handled_by_one(self, growth: FeatureGrowth) -> float:
        """Return the same for one worker and its owner, which wait for nobody but each other."""
        merged = growth.features(self.rows)
        return 2 * growth.features(self.rows_of_a_worker) + merged * (1 + 1 / self.num_workers)


@dataclass(frozen=True, slots=True)
class Measured:
    """The processor seconds of one round, of all processes together."""

    round: Round
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor seconds of a row, of an entry each time it is handled, of a call and a message."""

    row: float
    entry: float
    call: float
    message: float

    def processor_seconds(self, of: Round, growth: FeatureGrowth) -> float:
        prices = (self.row, self.entry, self.call, self.message)
        return sum(price * count for price, count in zip(prices, _counts(of, growth), strict=True))


def fit(row: float, measured: Sequence[Measured], growth: FeatureGrowth) -> Costs:
    """Return the costs, none negative, whose squared relative errors are least.

    What a row costs is measured by training alone: in rounds of several lengths it can hardly be
    told from what entries cost.
    """
    counts = np.array([_counts(each.round, growth) for each in measured])
    seconds = np.array([each.processor_seconds for each in measured])
    found, _ = nnls(counts[:, 1:] / seconds[:, None], 1 - row * counts[:, 0] / seconds)
    return Costs(row, *map(float, found))


def _counts(of: Round, growth: FeatureGrowth) -> tuple[float, float, float, float]:
    return of.rows, of.handled(growth), of.calls, of.messages


@dataclass(frozen=True, slots=True)
class Network:
    """Between machines of one worker and one owner each, which send and receive at once."""

    bytes_per_second: float
    latency_seconds: float


@dataclass(frozen=True, slots=True)
class RoundTime:
    """Seconds of a round's parts, one after the other."""

    training: float
    entries: float
    network: float
    messages: float

    @property
    def total(self) -> float:
        return self.training + self.entries + self.network + self.messages

    @property
    def exchange_share(self) -> float:
        return 1 - self.training / self.total


def simulate(
    of: Round, costs: Costs, growth: FeatureGrowth, network: Network, entry_bytes: float
) -> RoundTime:
    """Return a round's time where every worker has a processor and every machine the network.

    The driver's calls are made one after the other; what a machine sends is its worker's part and
    its owner's merge, once for every worker.
    """
    own = growth.features(of.rows_of_a_worker)
    merged = growth.features(of.rows)
    return RoundTime(
        training=costs.row * of.rows_of_a_worker,
        entries=costs.entry * of.handled_by_one(growth),
        network=2 * network.latency_seconds
        + entry_bytes * (own + merged) / network.bytes_per_second,
        messages=costs.call * of.calls + costs.message * of.messages,
    )
