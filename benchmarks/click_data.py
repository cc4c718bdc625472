"""The click workload: one-hot rows like those of a click log, whose best possible score is known.

Run as a program it makes the data for one seed and prints how they compare with the figures the
workload is known by:

    python benchmarks/click_data.py --seed 1
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pairloom.batch import RowBatch

Ids: TypeAlias = npt.NDArray[np.int32]
Ranks: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Float32s: TypeAlias = npt.NDArray[np.float32]

CACHE_FOLDER = Path(__file__).resolve().parents[1] / "build" / "benchmarks"
NUM_TRAIN_ROWS = 1_000_000
NUM_TEST_ROWS = 100_000
NUM_FIELDS = 39

SMALLEST_FIELD, LARGEST_FIELD = 3, 450_000
SIZE_CURVE = 1.2  # log(size) grows with this power of the field's place: most fields are small
STEEPEST_ZIPF, FLATTEST_ZIPF = 1.1, 0.8
FLATTENS_FROM = 25_000  # fields up to this size are the steepest

HIDDEN_RANK = 4
RARE_EFFECT_RANK, RARE_EFFECT_POWER = 2000.0, -0.25
INTERCEPT, LINEAR_SHARE, PAIR_SHARE = -1.5, 1.15, 0.95
LINEAR_SPREAD, PAIR_SPREAD = 0.7, 0.4  # of the fields' importance, in log units

# Real values are sixteenths from 0.5 to 1.5: exact in float32 and short in a text file.
VALUE_STEPS = np.arange(8, 25) / 16


@dataclass(frozen=True, slots=True)
class ClickFigures:
    """What one draw of the workload looks like; shares count nonzeros, in the training rows."""

    click_rate: float
    best_auc: float
    best_log_loss: float
    share_of_top_1000: float
    share_of_top_10000: float
    share_of_top_100000: float
    num_features: int
    share_seen_once: float


# Each figure's known value and how far a draw may lie from it.
KNOWN_FIGURES = {
    "click_rate": (0.248, 0.03),
    "best_auc": (0.8165, 0.02),
    "share_of_top_1000": (0.70, 0.03),
    "share_of_top_10000": (0.85, 0.02),
    "share_of_top_100000": (0.93, 0.01),
    "num_features": (1_120_000, 30_000),
    "share_seen_once": (1 / 3, 0.025),
}


@dataclass(frozen=True, slots=True)
class ClickRows:
    """Rows of `NUM_FIELDS` feature ids, ascending; every value is 1 unless values are asked for."""

    feature_ids: Ids  # (num_rows, NUM_FIELDS)
    labels: Float32s
    value_seed: int

    @property
    def num_rows(self) -> int:
        return len(self.labels)

    def slice(self, start: int, stop: int) -> ClickRows:
        return ClickRows(self.feature_ids[start:stop], self.labels[start:stop], self.value_seed)

    def value_steps(self) -> npt.NDArray[np.uint8]:
        """Return the place in VALUE_STEPS of each real value; a function of rows and seed."""
        rng = np.random.default_rng(self.value_seed)
        return rng.integers(0, len(VALUE_STEPS), self.feature_ids.shape, dtype=np.uint8)

    def batch(self, feature_dim: int, *, real_valued: bool = False) -> RowBatch:
        values = VALUE_STEPS.astype(np.float32)[self.value_steps()].ravel() if real_valued else None
        return RowBatch(
            feature_dim=feature_dim,
            row_offsets=np.arange(self.num_rows + 1, dtype=np.int64) * NUM_FIELDS,
            feature_ids=np.ascontiguousarray(self.feature_ids).ravel(),
            values=values,
            labels=self.labels,
        )


@dataclass(frozen=True, slots=True)
class ClickData:
    """Training and test rows of one seed."""

    train: ClickRows
    test: ClickRows
    figures: ClickFigures
    folder: Path

    @property
    def feature_dim(self) -> int:
        return self.figures.num_features

    def text_file(self, part: str, *, real_valued: bool = False) -> Path:
        """Return the libsvm text of "train" or "test" for other programs, written when missing."""
        path = self.folder / f"{part}{'-real' if real_valued else ''}.libsvm"
        if not path.exists():
            rows = self.train if part == "train" else self.test
            write_libsvm(path, rows, self.feature_dim, real_valued=real_valued)
        return path


def load_click_data(seed: int, cache_folder: Path = CACHE_FOLDER) -> ClickData:
    """Return the workload of a seed, drawn at the first call and read from the cache afterwards."""
    folder = cache_folder / f"clicks-seed{seed}"
    if not (folder / "figures.json").exists():
        _store(folder, *draw_clicks(seed))
    figures = ClickFigures(**json.loads((folder / "figures.json").read_text(encoding="ascii")))
    train, test = (
        ClickRows(
            np.load(folder / f"{part}_ids.npy"), np.load(folder / f"{part}_labels.npy"), value_seed
        )
        for part, value_seed in (("train", 2 * seed), ("test", 2 * seed + 1))
    )
    return ClickData(train, test, figures, folder)


def draw_clicks(seed: int) -> tuple[Ids, Float32s, ClickFigures]:
    """Draw feature ids and labels of all rows, the training rows first."""
    rng = np.random.default_rng(seed)
    num_rows = NUM_TRAIN_ROWS + NUM_TEST_ROWS
    ids = np.empty((num_rows, NUM_FIELDS), np.int32)
    scores = _HiddenMachine(num_rows)
    num_features = 0
    for column, field in enumerate(rng.permutation(NUM_FIELDS)):
        size, exponent = _field_shape(int(field))
        ranks = _draw_ranks(rng, size, exponent, num_rows)
        scores.add_field(rng, ranks, size)
        column_ids = _permuted_ids(rng, ranks)
        ids[:, column] = column_ids + num_features
        num_features += int(column_ids.max()) + 1
    probabilities = 1 / (1 + np.exp(-scores.scores()))
    labels = (rng.random(num_rows) < probabilities).astype(np.float32)
    return ids, labels, _measure(ids, labels, probabilities)


def _field_shape(field: int) -> tuple[int, float]:
    """Return the number of values of a field and its Zipf exponent."""
    smallest, largest = np.log(SMALLEST_FIELD), np.log(LARGEST_FIELD)
    place = (field / (NUM_FIELDS - 1)) ** SIZE_CURVE
    log_size = smallest + (largest - smallest) * place
    exponent = np.interp(log_size, [np.log(FLATTENS_FROM), largest], [STEEPEST_ZIPF, FLATTEST_ZIPF])
    return round(np.exp(log_size)), float(exponent)


def _draw_ranks(rng: np.random.Generator, size: int, exponent: float, num_rows: int) -> Ranks:
    """Draw each row's value of a field as a popularity rank, 0 the most frequent."""
    cumulative = np.cumsum(np.arange(1, size + 1) ** -exponent)
    draws = rng.random(num_rows) * cumulative[-1]
    ranks = np.searchsorted(cumulative, draws, side="right")
    return np.asarray(np.minimum(ranks, size - 1))


def _permuted_ids(rng: np.random.Generator, ranks: Ranks) -> Ranks:
    """Number the ranks that occur in random order, so that an id says nothing about popularity."""
    occurring, places = np.unique(ranks, return_inverse=True)
    return np.asarray(rng.permutation(len(occurring))[places])


class _HiddenMachine:
    """The factorization machine that decides the clicks, summed field by field."""

    def __init__(self, num_rows: int) -> None:
        self._linear = np.zeros(num_rows)
        self._factor_sums = np.zeros((num_rows, HIDDEN_RANK))
        self._squares = np.zeros(num_rows)

    def add_field(self, rng: np.random.Generator, ranks: Ranks, size: int) -> None:
        decay = (1 + np.arange(size) / RARE_EFFECT_RANK) ** RARE_EFFECT_POWER
        weights = rng.lognormal(0, LINEAR_SPREAD) * decay * rng.standard_normal(size)
        scale = np.sqrt(rng.lognormal(0, PAIR_SPREAD)) * decay
        factors = scale[:, None] * rng.standard_normal((size, HIDDEN_RANK))
        self._linear += weights[ranks]
        self._factor_sums += factors[ranks]
        self._squares += np.square(factors).sum(axis=1)[ranks]

    def scores(self) -> Floats:
        pairs = (np.square(self._factor_sums).sum(axis=1) - self._squares) / 2
        return (
            INTERCEPT
            + LINEAR_SHARE * _standardized(self._linear)
            + PAIR_SHARE * _standardized(pairs)
        )


def _standardized(terms: Floats) -> Floats:
    return np.asarray((terms - terms.mean()) / terms.std())


def _measure(ids: Ids, labels: Float32s, probabilities: Floats) -> ClickFigures:
    counts = np.bincount(ids.ravel())
    shares = np.cumsum(np.sort(counts)[::-1]) / ids.size
    test_labels, test_probabilities = labels[NUM_TRAIN_ROWS:], probabilities[NUM_TRAIN_ROWS:]
    likelihoods = np.where(test_labels == 1, test_probabilities, 1 - test_probabilities)
    return ClickFigures(
        click_rate=float(labels.mean()),
        best_auc=_area_under_curve(test_labels, test_probabilities),
        best_log_loss=float(-np.log(likelihoods).mean()),
        share_of_top_1000=float(shares[999]),
        share_of_top_10000=float(shares[9_999]),
        share_of_top_100000=float(shares[99_999]),
        num_features=len(counts),
        share_seen_once=float((counts == 1).mean()),
    )


def _area_under_curve(labels: Float32s, scores: Floats) -> float:
    """Return the AUC of scores without ties."""
    places_of_clicks = np.flatnonzero(labels[np.argsort(scores)] == 1)
    num_clicks = len(places_of_clicks)
    below = places_of_clicks.sum() - num_clicks * (num_clicks - 1) / 2
    return float(below / (num_clicks * (len(labels) - num_clicks)))


def _store(folder: Path, ids: Ids, labels: Float32s, figures: ClickFigures) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in (
        ("train", slice(NUM_TRAIN_ROWS)),
        ("test", slice(NUM_TRAIN_ROWS, None)),
    ):
        np.save(folder / f"{part}_ids.npy", ids[rows])
        np.save(folder / f"{part}_labels.npy", labels[rows])
    # Last: its presence says that the rest is whole.
    (folder / "figures.json").write_text(json.dumps(asdict(figures), indent=1), encoding="ascii")


def write_libsvm(
    path: Path, rows: ClickRows, feature_dim: int, *, real_valued: bool = False
) -> None:
    """Write rows as text, `label id:value ...`; the file appears when it is whole."""
    id_texts = [b" %d:" % feature_id for feature_id in range(feature_dim)]
    one = int(np.flatnonzero(VALUE_STEPS == 1)[0])
    value_texts = [f"{value:g}".encode() for value in VALUE_STEPS]
    steps = rows.value_steps() if real_valued else np.full(rows.feature_ids.shape, one, np.uint8)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        for start in range(0, rows.num_rows, 10_000):
            block = slice(start, start + 10_000)
            labels = rows.labels[block].astype(int).tolist()
            ids, places = rows.feature_ids[block].tolist(), steps[block].tolist()
            for label, row_ids, row_places in zip(labels, ids, places, strict=True):
                entries = [
                    id_texts[feature_id] + value_texts[place]
                    for feature_id, place in zip(row_ids, row_places, strict=True)
                ]
                file.write(b"%d%b\n" % (label, b"".join(entries)))
    unfinished.rename(path)


def check_figures(figures: ClickFigures) -> list[str]:
    """Return one line per figure; raise ValueError when one is far from its known value."""
    lines, far = [], []
    for name, found in asdict(figures).items():
        known, tolerance = KNOWN_FIGURES.get(name, (None, None))
        lines.append(f"{name:<20} {found:>12.6g}" + (f"   known {known:.4g}" if known else ""))
        if known is not None and tolerance is not None and abs(found - known) > tolerance:
            far.append(f"{name} is {found:.6g}, further than {tolerance:g} from {known:.6g}")
    if far:
        raise ValueError(f"the draw is not the click workload: {'; '.join(far)}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the click workload and print its figures.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text", action="store_true", help="write libsvm text as well")
    arguments = parser.parse_args()
    data = load_click_data(arguments.seed)
    print(f"{data.folder}: {data.train.num_rows} + {data.test.num_rows} rows")
    print("\n".join(check_figures(data.figures)))
    if arguments.text:
        print(data.text_file("train"), data.text_file("test"))


if __name__ == "__main__":
    main()
