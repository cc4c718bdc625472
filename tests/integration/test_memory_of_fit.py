"""Peak memory of `fit` on a borrowed matrix, measured by the kernel in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import re, sys
from pathlib import Path
import numpy as np
import scipy.sparse as sp
from pairloom import FMClassifier

num_factors, feature_dim, num_rows, per_row = int(sys.argv[1]), int(sys.argv[2]), 200_000, 20
random = np.random.default_rng(0)
stratum = feature_dim // per_row
ids = random.integers(0, stratum, (num_rows, per_row), dtype=np.int32)
ids += stratum * np.arange(per_row, dtype=np.int32)
values = random.random(ids.size, dtype=np.float32)
offsets = np.arange(0, ids.size + 1, per_row, dtype=np.int32)
X = sp.csr_array((values, ids.ravel(), offsets), shape=(num_rows, feature_dim))
y = random.integers(0, 2, num_rows)
FMClassifier(epochs=1).fit(X[:100], y[:100])  # imports, pool, code

def memory(name):
    kilobytes = re.search(name + r":\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
    return 1024 * int(kilobytes)

model = FMClassifier(epochs=1, num_factors=num_factors, mini_batch_size=1000)
Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
before = memory("VmRSS")
model.fit(X, y)
print(memory("VmHWM") - before, values.nbytes + ids.nbytes + offsets.nbytes)
"""

PARAMETER_BYTES = 80_000_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize("num_factors", [4, 8, 10, 16, 64])
def test_fit_on_a_borrowed_matrix_grows_by_little_more_than_parameters_and_state(
    num_factors: int,
) -> None:
    bytes_per_feature = 12 * (num_factors + 1)
    feature_dim = PARAMETER_BYTES // bytes_per_feature
    command = [sys.executable, "-c", PROGRAM, str(num_factors), str(feature_dim)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    growth, matrix_bytes = map(int, run.stdout.split())
    assert growth > feature_dim * bytes_per_feature
    assert growth <= 1.3 * feature_dim * bytes_per_feature + 0.3 * matrix_bytes + 64 * 2**20
