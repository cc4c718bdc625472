"""Vowpal Wabbit's nearest thing to a factorization machine: `--lrq` inside one namespace.

It multiplies the factors of every pair of a row's features, so that a row of n features costs n^2
where a factorization machine's costs n; a slice of the workload's rows is enough to see the speed.
Quality is not compared: its factors start so large that after the slice its scores are still wild.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from click_data import ClickRows

NUM_ROWS = 10_000
WEIGHT_BITS = 24  # room for the slice's features times k


class VowpalWabbit:
    """Trains on the first `NUM_ROWS` rows, on one thread, with its own default settings.

    It reports no seconds: the processor time of an epoch is taken from runs of two epochs and of
    one, both from its binary cache, which leaves start and parsing of text out.
    """

    def __init__(self, rows: ClickRows, num_factors: int, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text, self._cache = folder / "train.vw", folder / "train.cache"
        self._lrq = f"ff{num_factors}"
        write_text(text, rows.slice(0, NUM_ROWS))
        self._call("--data", str(text), "--kill_cache")

    def cpu_seconds(self) -> float:
        """Return the processor time of one epoch."""
        return self._cpu_seconds_of(2) - self._cpu_seconds_of(1)

    def _cpu_seconds_of(self, epochs: int) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        self._call("--lrq", self._lrq, "--passes", str(epochs), "--holdout_off")
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    def _call(self, *options: str) -> None:
        fixed = ["--loss_function", "logistic", "--bit_precision", str(WEIGHT_BITS)]
        command = [sys.executable, "-m", "vowpalwabbit", "--quiet", *fixed]
        command += ["--cache_file", str(self._cache), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def write_text(path: Path, rows: ClickRows) -> None:
    """Write one-hot rows as Vowpal Wabbit's text."""
    with path.open("w", encoding="ascii") as file:
        for ids, label in zip(rows.feature_ids, rows.labels, strict=True):
            file.write(f"{'1' if label else '-1'} |f {' '.join(map(str, ids))}\n")
