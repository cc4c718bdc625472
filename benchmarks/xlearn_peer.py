"""xLearn as a peer to measure against, in a virtual environment of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from click_data import Float32s

REQUIREMENT = "xlearn==0.40a1"
# Its CMakeLists.txt is too old for CMake 4; its setup.py calls the CMake it finds on the PATH.
BUILD_TOOLS = ["cmake>=3.25,<4", "setuptools<81", "wheel"]
RUNNER = Path(__file__).with_name("xlearn_run.py")
MINUTES_TO_INSTALL = 20

TERMINAL_COLOR = re.compile(r"\x1b\[[0-9;]*m")
# A row of its training log: progress, epoch, training loss, seconds.
EPOCH_ROW = re.compile(r"^\[ +\d+% +\] +\d+ +[\d.]+ +([\d.]+) *$", re.MULTILINE)


CPU_LINE = re.compile(r"^CPU seconds: ([\d.]+)$", re.MULTILINE)


class XlearnUnavailableError(Exception):
    """xLearn could not be installed here; the message says why."""


@dataclass(frozen=True, slots=True)
class XlearnRun:
    """One training run, and the probabilities it gives the test rows.

    `seconds` are those of its last epoch in xLearn's own log: gradients and updates over rows in
    memory. `cpu_seconds` are the processor time of the whole fit, reading included.
    """

    seconds: float
    cpu_seconds: float
    probabilities: Float32s


class Xlearn:
    """xLearn in its environment under `folder`; built from source at the first use, in minutes."""

    def __init__(self, folder: Path) -> None:
        self._environment = folder / "xlearn-venv"
        self._scratch = folder / "xlearn-scratch"
        self._python = self._environment / "bin" / "python"
        if not self._is_installed():
            self._install()

    def train(
        self, train_text: Path, test_text: Path, *, num_factors: int, num_threads: int, epochs: int
    ) -> XlearnRun:
        """Train on a libsvm file, predict another."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        predictions = self._scratch / "predictions.txt"
        run = {
            "train": str(train_text),
            "test": str(test_text),
            "model": str(self._scratch / "model"),
            "predictions": str(predictions),
            "num_factors": num_factors,
            "num_threads": num_threads,
            "epochs": epochs,
        }
        log = TERMINAL_COLOR.sub("", self._call([str(RUNNER), json.dumps(run)], self._scratch))
        seconds = [float(row) for row in EPOCH_ROW.findall(log)]
        cpu_line = CPU_LINE.search(log)
        if len(seconds) != epochs or cpu_line is None or not predictions.exists():
            raise RuntimeError(f"xLearn's log has {len(seconds)} epochs, not {epochs}:\n{log}")
        probabilities = np.loadtxt(predictions, dtype=np.float32)
        return XlearnRun(seconds[-1], float(cpu_line[1]), probabilities)

    def _is_installed(self) -> bool:
        if not self._python.exists():
            return False
        return self._status(["-c", "import xlearn"]) == 0

    def _install(self) -> None:
        print(f"installing {REQUIREMENT} from source into {self._environment}; this takes minutes")
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", "--clear", str(self._environment)], check=True
            )
            for packages in (BUILD_TOOLS, ["--no-build-isolation", REQUIREMENT]):
                self._call(["-m", "pip", "install", "--quiet", *packages], None)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            raise XlearnUnavailableError(str(error)) from error

    def _call(self, arguments: list[str], folder: Path | None) -> str:
        finished = subprocess.run(
            [str(self._python), *arguments],
            check=False,
            cwd=folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60 * MINUTES_TO_INSTALL,
        )
        if finished.returncode:
            raise RuntimeError(
                f"{' '.join(arguments[:4])} failed with {finished.returncode}: "
                f"{finished.stdout[-2000:].strip()}"
            )
        return finished.stdout

    def _status(self, arguments: list[str]) -> int:
        command = [str(self._python), *arguments]
        finished = subprocess.run(command, check=False, env=self._variables(), capture_output=True)
        return finished.returncode

    def _variables(self) -> dict[str, str]:
        """Return the environment; xLearn reads USER for its log's name and crashes without."""
        path = f"{self._environment / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "USER": os.environ.get("USER") or "benchmark"}
