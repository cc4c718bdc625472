"""`make demo`'s program, run as a process on all of MNIST."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mnist import load_mnist

from oracle.plain_artifact import read_plain


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo-output"


@pytest.fixture(scope="module")
def printed(repository: Path, output: Path) -> str:
    done = subprocess.run(
        [sys.executable, repository / "examples/mnist/demo.py", "--output", output],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def counts(printed: str, name: str) -> list[int]:
    match = re.search(rf"^{name} +(\d[\d, ]+)$", printed, re.MULTILINE)
    assert match is not None, name
    return [int(number.replace(",", "")) for number in match[1].split()]


def test_demo_makes_few_errors_beside_those_of_the_introduction(printed: str) -> None:
    found, missed = counts(printed, "zeros found"), counts(printed, "zeros missed")
    called, errors = counts(printed, "other digits called zero"), counts(printed, "errors")

    assert [found[0], called[0], missed[0], errors[0]] == [951, 165, 29, 194]
    for column in (0, 1, 2):
        assert found[column] + missed[column] == 980
        assert errors[column] == missed[column] + called[column]
    assert errors[1] <= 145
    assert errors[2] <= 45


def test_demo_prints_the_counts_of_its_own_model(printed: str, output: Path) -> None:
    parts = read_plain(output / "model" / "model.pairloom")
    test = load_mnist().test
    x, v = test.pixels().astype(np.float64), parts.factors.astype(np.float64)
    pairs = 0.5 * (np.sum((x @ v) ** 2, axis=1) - x**2 @ np.sum(v**2, axis=1))
    called_zero = parts.bias + x @ parts.linear_weights + pairs >= 0

    assert counts(printed, "actual 0")[1] == int(np.sum(called_zero & (test.digits != 0)))
    assert counts(printed, "actual 1")[1] == int(np.sum(called_zero & (test.digits == 0)))


def test_demo_writes_what_it_names(printed: str, output: Path) -> None:
    assert sorted(path.name for path in output.iterdir()) == [
        "accurate-model",
        "mnist.png",
        "model",
        "test.pbr",
        "train.pbr",
    ]
    assert f"Picture: {output / 'mnist.png'}" in printed
    report = output / "accurate-model" / "report"
    assert f"Report on the accurate model: {report / 'report.html'}." in printed
    assert {"report.html", "weight-images.png", "roc.png"} <= {
        path.name for path in report.iterdir()
    }
    metrics = json.loads((output / "model" / "metrics.json").read_text())
    given = {name: metrics["hyperparameters"][name] for name in ("feature_dim", "num_factors")}
    assert given == {"feature_dim": 784, "num_factors": 10}
    assert metrics["hyperparameters"]["mini_batch_size"] == 200
    assert metrics["hyperparameters"]["epochs"] == 1


def test_demo_draws_one_picture(printed: str, output: Path) -> None:
    data = (output / "mnist.png").read_bytes()
    width, height = struct.unpack(">2I", data[16:24])

    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert (width, height) == (1320, 942)
    assert len(data) < 200_000


def test_commands_that_the_demo_names_work(printed: str, output: Path) -> None:
    evaluate = [sys.executable, "-m", "pairloom", "evaluate", "--json"]
    named = f"evaluate --model {output / 'accurate-model'} --data {output / 'test.pbr'}"
    assert named in printed

    done = subprocess.run(
        [*evaluate, "--model", output / "accurate-model", "--data", output / "test.pbr"],
        capture_output=True,
        text=True,
        check=True,
    )

    matrix = json.loads(done.stdout)["confusion_matrix"]
    assert matrix["true_positives"] == counts(printed, "zeros found")[2]
