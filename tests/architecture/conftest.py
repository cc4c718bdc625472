"""What the architecture tests look at: the files that git holds or would hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project_files(repository: Path) -> tuple[Path, ...]:
    """Tracked files and new ones that are not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    )
    files = (repository / name for name in listing.stdout.split("\0") if name)
    return tuple(file for file in files if file.is_file())
