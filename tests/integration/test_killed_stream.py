"""A process that streams rows and is killed in the middle of epochs."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration.runs import as_classes, dense_rows
from integration.short_runs import settings_of
from integration.streams import write_shards
from pairloom.model import Model
from pairloom.training import train

ROWS = as_classes(dense_rows(500))

PROGRAM = """
import sys
from pathlib import Path
from pairloom.data import FileOptions, RowStream
from pairloom.hyperparameters import resolve
from pairloom.training import Checkpoints, train
import pairloom.data.stream_memory, pairloom.training.epoch
pairloom.training.epoch._BLOCK_WORK = 60_000
pairloom.data.stream_memory.LEAST_MAX_MEMORY_BYTES = 1000
pairloom.data.stream_memory._SMALLEST_BLOCK_BYTES = 64
folder = Path(sys.argv[1])
settings = resolve({"feature_dim": 40, "num_factors": 6, "predictor_type": "binary_classifier",
                    "epochs": 3, "mini_batch_size": 40, "factors_lr": 0.02, "linear_lr": 0.02,
                    "shuffle": SHUFFLE})
rows = RowStream.of(folder / "shards", options=FileOptions(), feature_dim=40,
                    predictor_type="binary_classifier", max_memory_bytes=8000,
                    cache_folder=folder / "cache" if CACHED else None)
result = train(rows, settings, checkpoints=Checkpoints(folder / "saved", 1e-9),
               on_event=lambda event: print(type(event).__name__, flush=True))
result.model.save(folder / "model.pairloom")
"""


def start(folder: Path, *, shuffle: bool, cached: bool) -> subprocess.Popen[str]:
    program = PROGRAM.replace("SHUFFLE", str(shuffle)).replace("CACHED", str(cached))
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("shuffle", "cached"), [(False, False), (True, False), (False, True), (True, True)]
)
def test_a_killed_stream_goes_on_to_the_same_bytes(
    shuffle: bool, cached: bool, tmp_path: Path
) -> None:
    rows = ROWS
    write_shards(tmp_path / "shards", rows, [150, 151, 420])
    for blocks in (4, 12, 9):
        with start(tmp_path, shuffle=shuffle, cached=cached) as process:
            assert process.stdout is not None
            seen = 0
            while seen < blocks:
                line = process.stdout.readline()
                assert line
                seen += line == "ProgressEvent\n"
            time.sleep(0.01)
            process.kill()
            assert process.wait(30) == -signal.SIGKILL
    with start(tmp_path, shuffle=shuffle, cached=cached) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said.startswith("ResumedEvent\n")
    found = Model.load(tmp_path / "model.pairloom")
    shutil.rmtree(tmp_path / "saved")
    with start(tmp_path, shuffle=shuffle, cached=False) as process:  # never killed
        said, _ = process.communicate(timeout=60)
    assert "ResumedEvent" not in said
    expected = Model.load(tmp_path / "model.pairloom")
    if not shuffle:
        whole = train(ROWS, settings_of(ROWS, epochs=3)).model
        assert whole.factors.tobytes() == expected.factors.tobytes()
    assert found.factors.tobytes() == expected.factors.tobytes()
    assert found.linear_weights.tobytes() == expected.linear_weights.tobytes()
