"""What streaming adds to the process's memory, against the bound that it was given."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pairloom.batch import RowBatch
from pairloom.formats import write_libsvm, write_recordio

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc"
)

MEBIBYTE = 2**20

STREAM = """
import json, sys
from pathlib import Path
from pairloom.data import FileOptions, RowStream
from pairloom.hyperparameters import resolve
from pairloom.training import train

folder, bound, shuffle = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "shuffle"


def status_bytes(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])


def run(source, max_memory_bytes, epochs):
    stream = RowStream.of(source, options=FileOptions(zero_based=True), feature_dim=100_000,
                          predictor_type="binary_classifier", max_memory_bytes=max_memory_bytes)
    settings = resolve({"feature_dim": 100_000, "num_factors": 4, "epochs": epochs,
                        "predictor_type": "binary_classifier", "shuffle": shuffle})
    return train(stream, settings)


run(folder / "small", 4 << 20, 1)  # what the first run imports and starts, and the model's size
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from here
before = status_bytes("VmHWM")
rows = run(folder / "large", bound, 2).history[-1].rows
print(json.dumps({"growth": status_bytes("VmHWM") - before, "rows": rows}))
"""


def one_hot(num_rows: int, seed: int) -> RowBatch:
    draw = np.random.default_rng(seed)
    ids = np.arange(20) * 5000 + draw.integers(0, 5000, (num_rows, 20))
    return RowBatch(
        100_000,
        row_offsets=np.arange(0, 20 * num_rows + 1, 20),
        feature_ids=ids.ravel().astype(np.int32),
        labels=(draw.random(num_rows) < 0.5).astype(np.float32),
    )


@pytest.mark.slow
@pytest.mark.parametrize("order", ["in order", "shuffle"])
@pytest.mark.parametrize("file_format", ["recordio", "libsvm"])
def test_a_stream_grows_by_no_more_than_its_bound(
    file_format: str, order: str, tmp_path: Path
) -> None:
    bound = 32 * MEBIBYTE
    suffix = ".pbr" if file_format == "recordio" else ".libsvm"
    for name, num_rows in (("small", 2_000), ("large", 150_000)):
        (tmp_path / name).mkdir()
        shard = (tmp_path / name / "shard-0").with_suffix(suffix)
        if file_format == "recordio":
            write_recordio(shard, one_hot(num_rows, 1))
        else:
            write_libsvm(shard, one_hot(num_rows, 1), zero_based=True)
    large = tmp_path / "large"
    for number in range(1, 8):
        shutil.copy(large / f"shard-0{suffix}", large / f"shard-{number}{suffix}")
    size = sum(path.stat().st_size for path in large.iterdir())
    assert size > 4 * bound
    child = subprocess.run(
        [sys.executable, "-c", STREAM, str(tmp_path), str(bound), order],
        check=True,
        capture_output=True,
        text=True,
    )
    measured = json.loads(child.stdout)
    assert measured["rows"] == 8 * 150_000
    # The model of the small run is the size of the large one's; the work on a mini-batch is small.
    model = 3 * 4 * 100_000 * 5
    assert measured["growth"] <= bound + model + 8 * MEBIBYTE
