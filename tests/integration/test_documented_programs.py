"""Every program on a page runs as it stands, in order, and prints what the page shows.

A fence of `python` is a program of the page's one Python session, each `$` line of a `console` one
a command in the page's folder. The lines below a command, or an `output` fence below a Python
program, are what it prints. `<!-- not run: reason -->` before a fence excuses it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from mnist import load_mnist

from integration.documented_blocks import (
    PROGRAMS,
    REPOSITORY,
    Block,
    blocks_of,
    commands_of,
    name_of,
    programs_of,
)
from pairloom.cli import main
from pairloom.formats import write_recordio

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
SHOWN = {"json", "mermaid", "output", "text"}
LOOKS_LIKE_A_PROGRAM = re.compile(
    r"^(\$ |import |from \w+ import |pip |make |pairloom [a-z])", re.M
)

NOT_RUN = {
    "README.md": ["$ make demo", "$ pip install '.[sklearn]'"],
    "docs/command-line.md": ["$ pairloom up --detach"],
    "docs/container.md": ["$ docker build --tag pairloom ."],
    "docs/endpoints.md": ["client.create_model(", "cloudwatch.get_metric_statistics("],
    "docs/getting-started.md": ["$ pip install '.[sklearn,arrow]' pandas"],
    "docs/installing.md": ["$ pip install .", "$ make dist"],
    "docs/platform.md": [
        "$ pairloom up --detach",
        "$ pip install '.[platform,notebook]' 'sagemaker>=2.257,<3' matplotlib",
        "$ pairloom up --ray-address 10.0.0.5:6379",
        "$ pairloom up --database postgresql+psycopg://pairloom:secret@db.example.com/pairloom",
        "$ export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...",
    ],
    "docs/sagemaker-sdk.md": [
        "$ pairloom up --detach",
        "import boto3",
        "from sagemaker.core import image_uris",
        "$ pairloom run aws sts get-caller-identity --query Arn --output text",
    ],
    "docs/scaling.md": [
        "$ pairloom train --train demo-output/train.pbr --output my-model --num-factors 10 "
        "--predictor-type binary_classifier --workers 2"
    ],
    "docs/tuning.md": ["from sagemaker.estimator import Estimator"],
    "docs/sagemaker-artifact.md": [
        "$ tar xzf model.tar.gz && unzip -o model_algo-1",
        "import mxnet as mx",
    ],
}

SLOW = {"docs/reports.md"}  # draws every picture three times


@pytest.fixture(scope="module")
def given_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the files that pages take for granted: small parts of what the demo writes."""
    folder = tmp_path_factory.mktemp("given")
    images = load_mnist()
    (folder / "demo-output").mkdir()
    for name, part in (
        ("train.pbr", images.train.slice(0, 2000)),
        ("validation.pbr", images.train.slice(2000, 2500)),
        ("test.pbr", images.test.slice(0, 500)),
    ):
        write_recordio(folder / name, part.rows())
        (folder / "demo-output" / name).symlink_to(folder / name)
    return folder


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] * (name_of(page) in SLOW))
        for page in PAGES
        if programs_of(page)
    ],
)
def test_programs_of_the_page_run_and_print_what_it_shows(
    page: Path,
    given_files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for file in given_files.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    session: dict[str, object] = {"__name__": "__main__"}
    blocks = blocks_of(page)
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language not in PROGRAMS or block.reason_not_to_run is not None:
            continue
        capfd.readouterr()
        if block.language == "console":
            run_commands(block, page, capfd)
            continue
        # Blank lines before the source, so that a traceback names the page's own line.
        source = "\n" * block.line + block.text
        exec(compile(source, str(page), "exec"), session)
        if following is not None and following.language == "output":
            assert capfd.readouterr().out == following.text


def run_commands(block: Block, page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for command, shown in commands_of(block):
        code = run(command)
        captured = capfd.readouterr()
        assert code == 0, f"{name_of(page)}: {command}: {captured.err}"
        if shown:
            assert captured.out == shown, f"{name_of(page)}: {command}"


def run(command: str) -> int:
    """Run a command: `pairloom` in this process, which saves its start; others in a shell."""
    words = shlex.split(command)
    if words[0] == "pairloom" and not {"|", ">", "&&"} & set(words):
        return main(words[1:])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], check=False, env={**os.environ, "PATH": path}
    ).returncode


def test_every_fence_says_what_it_is_and_no_program_passes_for_text() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            where = f"{name_of(page)}, line {block.line}: "
            directive = block.language.startswith("{")
            assert directive or block.language in PROGRAMS | SHOWN, where + repr(block.language)
            if block.language == "text":
                assert not LOOKS_LIKE_A_PROGRAM.search(block.text), where + "a program"


def test_fences_are_all_found() -> None:
    for page in PAGES:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert sum(line.startswith("```") for line in lines) == 2 * len(blocks_of(page)), page


def test_programs_that_are_not_run_are_these() -> None:
    excused = {
        name_of(page): [
            block.text.partition("\n")[0].partition("  ")[0]
            for block in programs_of(page)
            if block.reason_not_to_run is not None
        ]
        for page in PAGES
    }
    assert {page: programs for page, programs in excused.items() if programs} == NOT_RUN
