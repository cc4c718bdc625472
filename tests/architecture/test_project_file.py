from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text())


def test_build_group_holds_the_build_requirements(project: dict[str, Any]) -> None:
    assert set(project["build-system"]["requires"]) <= set(project["dependency-groups"]["build"])
