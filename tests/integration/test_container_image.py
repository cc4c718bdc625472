"""The Dockerfile: its steps, run as they stand outside Docker, and what its images start.

No Docker engine takes part. The steps of the build stage run in a shell, with the image's folders
moved to temporary ones, and with the wheel of `make dist`, which is built from the same sources, in
the place of the sources: to compile them once is enough.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import container_health
import pytest

from contract.job_tree import JobTree
from integration.runs import one_hot_rows
from pairloom.model import Model

INSTALLED = "/opt/pairloom"
SOURCES = ' ".['
NEEDED_TO_BUILD = (
    "CMakeLists.txt",
    "LICENSE",
    "README.md",
    "cmake",
    "cpp",
    "pyproject.toml",
    "src",
)


@dataclass(frozen=True)
class Step:
    """One instruction of a stage."""

    stage: str
    instruction: str
    text: str


@pytest.fixture(scope="module")
def steps(repository: Path) -> list[Step]:
    text = (repository / "Dockerfile").read_text()
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    found: list[Step] = []
    stage = ""
    for line in filter(None, lines.splitlines()):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            stage = rest.rpartition(" AS ")[2]
        found.append(Step(stage, instruction, rest))
    return found


def texts(steps: list[Step], stage: str, instruction: str) -> list[str]:
    return [step.text for step in steps if (step.stage, step.instruction) == (stage, instruction)]


def test_default_image_is_not_root_and_that_of_sagemaker_is(steps: list[Step]) -> None:
    assert steps[-1].stage == "default"  # what `docker build` makes without a target
    assert texts(steps, "default", "FROM") == ["runtime AS default"]
    assert texts(steps, "sagemaker", "FROM") == ["runtime AS sagemaker"]
    (user,) = texts(steps, "default", "USER")
    assert int(user.partition(":")[0]) > 0
    assert texts(steps, "sagemaker", "USER") + texts(steps, "runtime", "USER") == []


def test_programs_are_started_in_exec_form_so_that_signals_reach_them(
    steps: list[Step], repository: Path
) -> None:
    (entrypoint,) = texts(steps, "runtime", "ENTRYPOINT")
    assert json.loads(entrypoint) == ["pairloom", "container"]
    (command,) = texts(steps, "runtime", "CMD")
    assert json.loads(command) == ["serve"]
    for program in ("train", "serve"):
        file = repository / "docker" / program
        assert os.access(file, os.X_OK)
        assert file.read_text() == f'#!/bin/sh\nexec pairloom container {program} "$@"\n'


def test_server_of_an_image_can_be_reached_from_outside(steps: list[Step]) -> None:
    (variables,) = texts(steps, "runtime", "ENV")
    assert "PAIRLOOM_HOST=0.0.0.0" in variables.split()
    assert texts(steps, "runtime", "EXPOSE") == ["8080"]


def test_copied_files_are_in_the_context(
    steps: list[Step], tmp_path: Path, repository: Path
) -> None:
    copy_context(repository, tmp_path)
    for text in texts(steps, "runtime", "COPY"):
        if not text.startswith("--from"):
            for source in text.split()[:-1]:
                assert (tmp_path / source).is_file(), source
    assert {path.name for path in tmp_path.iterdir()} >= set(NEEDED_TO_BUILD)
    assert not (tmp_path / "tests").exists()


def copy_context(repository: Path, target: Path) -> None:
    """Copy what `.dockerignore` lets through."""
    rules = (repository / ".dockerignore").read_text().splitlines()
    assert "*" in rules
    for kept in (rule[1:] for rule in rules if rule.startswith("!")):
        source, copy = repository / kept, target / kept
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)


@pytest.mark.slow
def test_steps_of_the_image_give_programs_that_train(
    steps: list[Step], repository: Path, tmp_path: Path
) -> None:
    (wheel,) = (repository / "dist").glob("*.whl")
    installed = tmp_path / "pairloom"
    commands = texts(steps, "build", "RUN")
    assert sum(SOURCES in command for command in commands) == 1
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    variables = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    for command in commands:
        moved = command.replace(INSTALLED, str(installed)).replace(SOURCES, f' "{wheel}[')
        subprocess.run(["sh", "-euc", moved], check=True, env={**variables, "PATH": path})

    tree = JobTree(tmp_path / "ml")
    tree.shards("train", one_hot_rows(500))
    tree.configure(feature_dim=900, num_factors=4, predictor_type="binary_classifier")
    done = subprocess.run(
        [repository / "docker" / "train", "--root", tree.root],
        check=False, capture_output=True, text=True,
        env={**variables, "PATH": f"{installed / 'bin'}:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert Model.load(tree.model_folder / "model_algo-1").feature_dim == 900
    assert (tree.output_data / "report" / "report.html").is_file()

    port = str(free_port())
    server = subprocess.Popen(
        [repository / "docker" / "serve", "--root", tree.root],
        env={**variables, "PATH": f"{installed / 'bin'}:/usr/bin:/bin",
             "SAGEMAKER_BIND_TO_PORT": port},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not container_health.answers(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.terminate()
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Pinged(BaseHTTPRequestHandler):
    """Answers pings, with the status that its server has."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ping" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def test_health_check_asks_a_server_for_a_ping() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pinged) as server:
        Thread(target=server.serve_forever).start()
        port = str(server.server_port)
        assert container_health.answers(port)
        server.shutdown()
    assert not container_health.answers(port)


@pytest.mark.parametrize(
    ("command_line", "serving"),
    [
        (b"/opt/pairloom/bin/python\0/opt/pairloom/bin/pairloom\0container\0serve\0", True),
        (b"/opt/pairloom/bin/python\0/opt/pairloom/bin/pairloom\0container\0train\0", False),
    ],
)
def test_health_check_leaves_training_alone(command_line: bytes, serving: bool) -> None:
    assert container_health.is_serving(command_line) is serving
