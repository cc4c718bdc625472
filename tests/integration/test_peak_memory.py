"""What `fit` adds to the process's memory, against the formula that the documentation gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc"
)

MEBIBYTE = 2**20

FIT = """
import json, sys
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from pairloom import FMClassifier

num_factors, feature_dim = int(sys.argv[1]), int(sys.argv[2])
num_rows, width = 250_000, 20
random = np.random.default_rng(0)
ids = random.integers(0, feature_dim // width, (num_rows, width), dtype=np.int32)
ids += np.arange(width, dtype=np.int32) * np.int32(feature_dim // width)
values = random.random(ids.size, dtype=np.float32) + np.float32(0.5)
offsets = np.arange(0, ids.size + 1, width, dtype=np.int32)
rows = csr_array((values, ids.ravel(), offsets), shape=(num_rows, feature_dim))
labels = np.arange(num_rows) % 2


def status_bytes(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])


small = rows[:100, :1000]
FMClassifier(num_factors=2).fit(small, labels[:100])  # what the first fit imports and starts
estimator = FMClassifier(num_factors=num_factors, epochs=1, optimizer="adam")
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from here
before = status_bytes("VmHWM")
estimator.fit(rows, labels)
print(json.dumps({
    "growth": status_bytes("VmHWM") - before,
    "csr": values.nbytes + ids.nbytes + offsets.nbytes,
    "shape": estimator.factors_.shape,
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_factors", "feature_dim"),
    [(4, 2_000_000), (8, 2_000_000), (10, 1_500_000), (16, 1_000_000), (64, 400_000)],
)
def test_fit_grows_by_no_more_than_the_formula(num_factors: int, feature_dim: int) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FIT, str(num_factors), str(feature_dim)],
        check=True,
        capture_output=True,
        text=True,
    )
    measured = json.loads(child.stdout)
    assert measured["shape"] == [feature_dim, num_factors]
    parameters_and_state = 3 * 4 * feature_dim * (num_factors + 1)
    allowed = 1.3 * parameters_and_state + 0.3 * measured["csr"] + 64 * MEBIBYTE
    assert parameters_and_state <= measured["growth"] <= allowed
