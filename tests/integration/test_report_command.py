"""`pairloom report` and `pairloom train --report`, run as processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pairloom.batch import RowBatch
from pairloom.formats import write_recordio

SHAPE = ["--feature-dim", "5", "--num-factors", "2", "--predictor-type", "regressor"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.pbr"
    values = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    labels = (values[:, 0] * values[:, 1]).astype(np.float32)
    write_recordio(path, RowBatch(5, values=values, labels=labels))
    return path


def pairloom(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pairloom", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_train_writes_a_report_that_the_command_repeats_without_the_rows(
    rows: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"

    trained = pairloom("--quiet", "train", "--train", rows, "--test", rows, "--output", run,
                       "--report", *SHAPE)  # fmt: skip
    again = pairloom("report", run, "--output", tmp_path / "elsewhere")

    assert (trained.returncode, trained.stderr) == (0, "")
    assert trained.stdout.splitlines()[-1] == str(run / "report" / "report.html")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"{tmp_path / 'elsewhere' / 'report.html'}\n"
    written = {path.name: path.read_bytes() for path in (run / "report").iterdir()}
    assert {"report.html", "residuals.png"} <= set(written)
    for path in (tmp_path / "elsewhere").iterdir():
        assert written.pop(path.name) == path.read_bytes()
    assert written == {}

    replaced = pairloom("train", "--train", rows, "--output", run, "--overwrite", *SHAPE)
    assert replaced.returncode == 0
    assert sorted(path.name for path in run.iterdir()) == ["metrics.json", "model.pairloom"]


def test_report_that_cannot_be_is_refused_before_training(rows: Path, tmp_path: Path) -> None:
    done = pairloom("train", "--train", rows, "--output", tmp_path / "model.tar.gz", "--report",
                    *SHAPE)  # fmt: skip

    assert done.returncode == 2
    assert done.stderr == (
        f"pairloom: {tmp_path / 'model.tar.gz'}: SageMaker's artifact cannot hold a report; "
        "name a folder\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["matplotlib", "jinja2"])
def test_missing_library_is_named(rows: Path, tmp_path: Path, missing: str) -> None:
    program = (
        "import sys, importlib.util as util\n"
        f"found = util.find_spec\n"
        f"util.find_spec = lambda name: None if name == {missing!r} else found(name)\n"
        "from pairloom.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "report", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == (
        f"pairloom: a report needs {missing}; install them with `pip install 'pairloom[plots]'`\n"
    )


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    done = pairloom("report", tmp_path / "nothing")

    assert done.returncode == 2
    assert "no folder; `pairloom train` writes one" in done.stderr
