"""A model file is mapped, not read: it costs memory as it is scored, once for all processes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from pairloom import Model
from pairloom.batch import RowBatch
from unit.model.native.models import small_model

FEATURE_DIM = 400_000
ROW_BYTES = 4 * 16  # of 10 factors
MOST = 0.8  # of what was touched stays mapped: the kernel takes pages back when memory is short
LOAD_AND_SCORE = f"""
import sys
import numpy as np
from pairloom import Model
from pairloom.batch import RowBatch

def held(field):
    total, inside = 0, False
    for line in open("/proc/self/smaps"):
        if "-" in line.split()[0]:
            inside = line.rstrip().endswith("model.pairloom")
        elif inside and line.startswith(field + ":"):
            total += 1024 * int(line.split()[1])
    return total

model = Model.load(sys.argv[1])
print(held("Rss"), flush=True)
model.score_rows(RowBatch({FEATURE_DIM}, values=np.ones((1, {FEATURE_DIM}), np.float32)))
print(held("Rss"), flush=True)
sys.stdin.readline()
print(*map(held, ("Rss", "Pss", "Private_Dirty", "Shared_Clean")), flush=True)
"""


def load_and_score(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LOAD_AND_SCORE, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def numbers(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_processes_share_a_file_that_loading_hardly_touches(tmp_path: Path) -> None:
    path = tmp_path / "model.pairloom"
    small_model(trained=0, feature_dim=FEATURE_DIM, num_factors=10).save(path)
    size = FEATURE_DIM * ROW_BYTES
    assert path.stat().st_size > size
    with ExitStack() as stack:
        processes = [stack.enter_context(load_and_score(path)) for _ in range(2)]
        for process in processes:
            assert numbers(process)[0] < 1 << 20  # after loading: a few pages of 25 MB
            assert numbers(process)[0] >= MOST * size  # after a row that holds every feature
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            resident, proportional, dirty, shared = numbers(process)
            assert dirty == 0
            if process is processes[0]:  # the other has not ended yet
                assert shared >= MOST * size
                assert proportional < 0.6 * resident
            assert process.wait(timeout=60) == 0


def test_a_file_that_is_replaced_is_still_scored_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.pairloom"
    small_model().save(path)
    rows = RowBatch(70, values=np.ones((1, 70), np.float32))
    old = Model.load(path)
    expected = old.score_rows(rows).tobytes()
    small_model(num_factors=7).save(path)
    assert old.score_rows(rows).tobytes() == expected
    assert Model.load(path).score_rows(rows).tobytes() != expected


def test_arrays_outlive_the_model_that_they_came_from(tmp_path: Path) -> None:
    model = small_model()
    model.fields = np.arange(70, dtype=np.int32)
    model.save(tmp_path / "model.pairloom")
    fields = Model.load(tmp_path / "model.pairloom").fields
    assert fields is not None
    np.testing.assert_array_equal(fields, np.arange(70))
    assert not fields.flags.writeable
