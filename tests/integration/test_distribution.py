"""What `make dist` made: a source distribution, and a wheel that needs no compiler."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
import numpy as np
from pairloom import Model
from pairloom.batch import RowBatch
from pairloom.hyperparameters import resolve
from pairloom.training import train

values = np.random.default_rng(0).normal(size=(2000, 5)).astype(np.float32)
rows = RowBatch(5, values=values, labels=values[:, 0] * values[:, 1])
settings = {"feature_dim": 5, "num_factors": 2, "predictor_type": "regressor", "epochs": 20,
            "mini_batch_size": 50, "factors_lr": 0.02, "factors_init_sigma": 0.1}
train(rows, resolve(settings)).model.save("model.pairloom")
assert np.mean((Model.load("model.pairloom").predict_rows(rows) - rows.labels) ** 2) < 0.05
np.save("rows.npy", values)
np.save("labels.npy", rows.labels)
"""


@pytest.fixture(scope="module")
def wheel(repository: Path) -> Path:
    return only(repository / "dist", "*.whl")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of a fresh virtual environment that holds the wheel and what it asks for, no more."""
    root = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    run(root, "python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", str(wheel))
    return root


def only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    assert len(found) == 1, f"{folder}/{pattern}: {len(found)} files; `make dist` makes one"
    return found[0]


def run(root: Path, program: str, *arguments: str, folder: Path | None = None) -> str:
    """Run a program of the environment with nothing else on the PATH, so that no compiler is."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "CC", "CXX", "VIRTUAL_ENV"}
    }
    finished = subprocess.run(
        [str(root / "bin" / program), *arguments],
        check=False,
        capture_output=True,
        cwd=folder or root,
        env={**variables, "PATH": str(root / "bin")},
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_wheel_trains_and_predicts_where_there_is_no_compiler(
    environment: Path, tmp_path: Path
) -> None:
    run(environment, "python", "-c", PROGRAM, folder=tmp_path)
    lines = run(
        environment, "pairloom", "predict", "--model", "model.pairloom", "--data", "rows.npy",
        folder=tmp_path,
    ).splitlines()  # fmt: skip
    scores = [json.loads(line)["score"] for line in lines]
    assert np.corrcoef(scores, np.load(tmp_path / "labels.npy"))[0, 1] > 0.97


def test_wheel_holds_the_package_as_it_is_now(repository: Path, wheel: Path) -> None:
    package = repository / "src"
    sources = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.endswith("/")}
        stale = [name for name, content in sources.items() if archive.read(name) != content]
    assert stale == []
    (extension,) = {name for name in packed - set(sources) if ".dist-info/" not in name}
    assert extension.startswith("pairloom/_core.")


def test_wheel_is_named_for_a_baseline_of_linux(wheel: Path) -> None:
    baselines = [(int(a), int(b)) for a, b in re.findall(r"manylinux_(\d+)_(\d+)", wheel.name)]
    assert baselines
    assert max(baselines) <= (2, 36)


def test_source_distribution_holds_the_sources_and_no_data(repository: Path) -> None:
    with tarfile.open(only(repository / "dist", "*.tar.gz")) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    assert {"pyproject.toml", "LICENSE", "cpp/src/step.cc", "src/pairloom/__init__.py"} <= names
    assert [
        name for name in names if re.match(r"examples/mnist/data|tests/data|build/", name)
    ] == []
