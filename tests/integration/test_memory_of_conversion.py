"""What a conversion adds to the process's memory, for files of several times that size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from pairloom.batch import RowBatch
from pairloom.formats import write_libsvm, write_recordio

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc"
    ),
]

MEBIBYTE = 2**20
MOST_GROWTH = 128 * MEBIBYTE  # as docs/larger-than-memory.md says

CONVERSION = """
import json, sys
from pathlib import Path
from pairloom.cli import main

folder, suffix = Path(sys.argv[1]), sys.argv[2]


def status_bytes(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])


def convert(name, target):
    source = folder / (name + suffix)
    assert main(["convert", str(source), str(folder / target), "--quiet"]) == 0


convert("small", "out.pbr")  # what the first conversion imports and starts
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from here
before = status_bytes("VmHWM")
convert("large", "out.pbr")
print(json.dumps(status_bytes("VmHWM") - before))
"""


def growth(folder: Path, suffix: str) -> int:
    child = subprocess.run(
        [sys.executable, "-c", CONVERSION, str(folder), suffix],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(json.loads(child.stdout))


def drawn_table(num_rows: int) -> pa.Table:
    draw = np.random.default_rng(1)
    columns = {f"number{place}": draw.random(num_rows, np.float32) for place in range(8)}
    users = pa.array([f"user {user}" for user in range(5_000)])
    return pa.table(
        {
            "label": (draw.random(num_rows) < 0.5).astype(np.int8),
            **columns,
            "user": users.take(pa.array(draw.integers(0, len(users), num_rows))),
        }
    )


@pytest.mark.parametrize("suffix", [".csv", ".csv.zst", ".parquet"])
def test_a_table_larger_than_the_bound_is_converted_within_it(suffix: str, tmp_path: Path) -> None:
    for name, num_rows in (("small", 1_000), ("large", 4_300_000)):
        table, path = drawn_table(num_rows), tmp_path / f"{name}{suffix}"
        if suffix == ".parquet":  # all rows in one group
            pa.parquet.write_table(table, path, row_group_size=num_rows)
        else:
            with pa.output_stream(path) as file:
                pa.csv.write_csv(table, file)
    assert growth(tmp_path, suffix) <= MOST_GROWTH
    assert (tmp_path / "out.pbr").stat().st_size > 3 * MOST_GROWTH


@pytest.mark.parametrize("suffix", [".libsvm", ".pbr"])
def test_rows_larger_than_the_bound_are_converted_within_it(suffix: str, tmp_path: Path) -> None:
    for name, num_rows in (("small", 1_000), ("large", 2_000_000)):
        draw = np.random.default_rng(1)
        ids = np.arange(20) * 5000 + draw.integers(0, 5000, (num_rows, 20))
        rows = RowBatch(
            100_000,
            row_offsets=np.arange(0, 20 * num_rows + 1, 20),
            feature_ids=ids.ravel().astype(np.int32),
            values=draw.random(20 * num_rows, np.float32),
            labels=(draw.random(num_rows) < 0.5).astype(np.float32),
        )
        write = write_libsvm if suffix == ".libsvm" else write_recordio
        write(tmp_path / f"{name}{suffix}", rows)
    assert growth(tmp_path, suffix) <= MOST_GROWTH
    assert (tmp_path / "out.pbr").stat().st_size > 2 * MOST_GROWTH
