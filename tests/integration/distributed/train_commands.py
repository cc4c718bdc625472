"""Runs of `pairloom train --workers`, and the processes that they start."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from integration.distributed.process_tree import descendants, wait_for_end

EPOCHS = 20
SETTINGS = {
    "feature-dim": 1200,
    "num-factors": 4,
    "predictor-type": "binary_classifier",
    "mini-batch-size": 50,
    "epochs": EPOCHS,
    "linear-lr": 0.05,
    "factors-lr": 0.05,
}
LOCAL = "--round-rows=400"


def command(folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "pairloom", "train", "--train", str(folder / "rows.pbr")),
        *("--output", str(folder / "run"), "--checkpoint-dir", str(folder / "checkpoints")),
        *("--workers=2", "--optimizer=adagrad"),
        *(f"--{name}={value}" for name, value in SETTINGS.items()),
        *options,
    ]


class Command:
    """A run of the program, and the processes that it starts."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.rounds = folder / "checkpoints" / "workers" / "owner-0"
        self.process = subprocess.Popen(
            command(folder, *options), stderr=subprocess.PIPE, text=True
        )

    def newest_round(self) -> int:
        return max((int(path.stem[6:]) for path in self.rounds.glob("round-*")), default=0)

    def wait_for_round(self, number: int) -> set[int]:
        """Return the processes that run when a round is there."""
        while self.newest_round() < number:
            assert self.process.poll() is None, self.process.communicate()[1]
            time.sleep(0.02)
        return descendants(self.process.pid)

    def end(self, number: int, sent: signal.Signals) -> tuple[int, str]:
        processes = self.wait_for_round(number)
        assert len(processes) > 4
        self.process.send_signal(sent)
        said = self.process.communicate(timeout=120)[1]
        assert not wait_for_end(processes)
        return self.process.returncode, said
