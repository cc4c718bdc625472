"""Which tests get a second try in CI, tried with tests that fail once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAILS_ONCE = """
import pytest

tried = set()

@pytest.fixture(scope="module")
def shared():
    made = ["for all tests of the file"]
    yield made
    made.clear()

@pytest.fixture
def fails_once(request, shared):
    assert shared
    first = request.node.name not in tried
    tried.add(request.node.name)
    yield not first
    assert shared

def test_that_passes(shared):
    assert shared

def test_that_fails_once(fails_once):
    assert fails_once

def test_that_fails_once_and_compares_bytes(fails_once):
    assert fails_once

{mark}
def test_that_is_last_and_fails_once(fails_once):
    assert fails_once
"""
PLACES = {"unit/platform/store": "", "unit/formats": "", "integration": "@pytest.mark.slow"}


@pytest.mark.parametrize(
    ("variables", "processes", "expected"),
    [({"CI": "true"}, "2", "6 failed, 6 passed, 3 rerun"), ({}, "0", "9 failed, 3 passed")],
    ids=["in CI", "elsewhere"],
)
def test_only_what_waits_for_processes_is_tried_again(
    repository: Path, tmp_path: Path, variables: dict[str, str], processes: str, expected: str
) -> None:
    tests = tmp_path / "tests"
    for place, mark in PLACES.items():
        (tests / place).mkdir(parents=True)
        (tests / place / "test_once.py").write_text(FAILS_ONCE.format(mark=mark))
    shutil.copy(repository / "tests/conftest.py", tests)
    shutil.copy(repository / "pyproject.toml", tmp_path)
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    options = ["-m", "", "-n", processes, "--dist=loadfile", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests)],
        cwd=tmp_path,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert re.search(rf"= {expected} in", ran.stdout), ran.stdout
    if variables:
        assert "RERUN tests/unit/platform/store/test_once.py::test_that_fails_once" in ran.stdout
