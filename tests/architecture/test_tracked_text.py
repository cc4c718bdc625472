from __future__ import annotations

import re
from pathlib import Path

import pytest

# Written as patterns, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+)/"),
    "a folder outside the repository": re.compile(r"\.\./shared"),
    "a package registry's host": re.compile(
        r"(?:pypi|pythonhosted|npmjs|crates|conda\.anaconda|rubygems|quay|docker|gcr|ghcr)\.(?:org|com|io)\b"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str, project_files: tuple[Path, ...]) -> None:
    found = [
        f"{file}:{number}: {line.strip()}"
        for file in project_files
        for number, line in enumerate(_text_lines(file), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


def _text_lines(file: Path) -> list[str]:
    content = file.read_bytes()
    return [] if b"\0" in content else content.decode("utf-8", errors="replace").splitlines()
