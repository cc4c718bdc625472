"""SageMaker's introduction, run whole by the unmodified SDK: as `make demo` and as a notebook."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sagemaker_sdk import sdk_python

from integration.platform.running_platform import RunningPlatform, wait_until
from integration.platform.running_script import MNIST, RunningScript, running_script

FOLDER = Path(__file__).parents[3] / "examples" / "seed_notebook"
NOTEBOOK = FOLDER / "factorization_machines_mnist.ipynb"
DEMO = [sys.executable, str(FOLDER / "platform_demo.py")]
STEP = re.compile(r"^ ?(\d+)  .{40} *[\d.]+ s", re.MULTILINE)
# What the published notebook counts, and what the default seed gives here, to the image.
INTRODUCTION = {"zeros found": 951, "other digits called zero": 165, "zeros missed": 29}
HERE = {"zeros found": 873, "other digits called zero": 29, "zeros missed": 107}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run the demo as `make demo` does; return what it printed and where it wrote."""
    output = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [*DEMO, "--client", sdk_python(), "--output", output],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, output / "seed-notebook"


def test_demo_takes_twelve_steps(demo: tuple[str, Path]) -> None:
    printed, folder = demo
    measured = json.loads((folder / "measured.json").read_text())

    assert STEP.findall(printed) == [str(number) for number in range(1, 13)]
    assert "job Completed" in printed
    assert printed.count("endpoint InService") == 2
    assert 0 < measured["job_seconds"] < 60
    assert all(0 < seconds < 30 for seconds in measured["endpoint_seconds"])


def test_demo_counts_beside_the_introduction(demo: tuple[str, Path]) -> None:
    printed, folder = demo
    counts = json.loads((folder / "measured.json").read_text())["counts"]

    assert {name: theirs for name, (theirs, _) in counts.items()} == INTRODUCTION
    assert {name: ours for name, (_, ours) in counts.items()} == HERE
    for name, (theirs, ours) in counts.items():
        assert re.search(rf"^{name} +{theirs} +{ours}$", printed, re.MULTILINE)
    assert re.search(r"^actual 0 +8,991 +29$", printed, re.MULTILINE)


def test_demo_leaves_pictures_and_no_platform(demo: tuple[str, Path]) -> None:
    printed, folder = demo
    pictures = [Path(line.strip()) for line in printed.partition("Pictures:")[2].splitlines()[1:]]

    assert {"digit.png", "report.html", "learning-curves.png"} <= {path.name for path in pictures}
    assert all(
        path.read_bytes()[:15].lower().startswith((b"\x89png", b"<!doctype html"))
        for path in pictures
    )
    assert not (folder / "platform").exists()
    assert processes_of(folder) == []


@pytest.mark.platform
def test_demo_says_which_step_failed_and_ends_the_platform(tmp_path: Path) -> None:
    client = tmp_path / "python"
    client.write_text("#!/bin/sh\necho 'no SageMaker SDK here' >&2\nexit 1\n")
    client.chmod(0o755)
    done = subprocess.run(
        [*DEMO, "--client", client, "--output", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "no SageMaker SDK here" in done.stderr
    assert "the demo failed: a step of the notebook failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert processes_of(tmp_path) == []


@pytest.mark.platform
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_demo_that_is_broken_off_leaves_no_platform(tmp_path: Path, number: int) -> None:
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux ends processes at their parent's death")
    demo = subprocess.Popen(
        [*DEMO, "--client", sdk_python(), "--output", tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    with demo.stdout:
        for line in demo.stdout:
            if line.startswith(" 3"):  # the client runs
                break
        demo.send_signal(number)
        said = demo.stdout.read()
    demo.wait()

    assert demo.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert ("the platform has ended" in said) == (number != signal.SIGKILL)
    wait_until(lambda: processes_of(tmp_path) == [], seconds=60)


@pytest.fixture(scope="module")
def script(
    sdk_platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningScript]:
    program = NOTEBOOK.with_suffix(".py")
    with running_script(sdk_platform, program, tmp_path_factory.mktemp("script")) as running:
        yield running


@pytest.mark.platform
def test_notebook_runs_on_a_platform(
    sdk_platform: RunningPlatform,
    script: RunningScript,  # has begun, so that it sleeps meanwhile
    tmp_path: Path,
) -> None:
    sdk_platform.pairloom("samples", str(MNIST))
    notebook = Path(shutil.copy(NOTEBOOK, tmp_path))
    environment = {"PATH": f"{sdk_python().parent}:{os.environ['PATH']}"}
    ran = sdk_platform.pairloom("run", str(notebook), environment=environment, seconds=900)
    assert ran.returncode == 0, ran.stderr

    cells = json.loads((tmp_path / "factorization_machines_mnist.nbconvert.ipynb").read_text())
    outputs = [output for cell in cells["cells"] for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    shown = "".join(text for output in outputs for text in texts_of(output))
    for name, theirs in INTRODUCTION.items():
        assert re.search(rf"{name} +{theirs} +{HERE[name]}\b", shown)
    assert "Training job completed" in shown


@pytest.mark.platform
def test_script_runs_as_a_program(script: RunningScript) -> None:
    assert script.process.wait(600) == 0, script.said()

    said = script.said()
    counts = {
        name: [int(count) for count in found]
        for name in INTRODUCTION
        for found in re.findall(rf"^{name} +(\d+) +(\d+)$", said, re.MULTILINE)
    }
    assert {name: introduction for name, (introduction, _) in counts.items()} == INTRODUCTION
    here = {name: count for name, (_, count) in counts.items()}
    assert here["zeros found"] + here["zeros missed"] == script.num_zeros
    assert "Training job completed" in said
    assert "'predicted_label':" in said


def texts_of(output: dict[str, Any]) -> list[str]:
    return [*output.get("text", []), *output.get("data", {}).get("text/plain", [])]


def processes_of(folder: Path) -> list[str]:
    """Return the command lines that name a folder, but for those of processes that have ended."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found
