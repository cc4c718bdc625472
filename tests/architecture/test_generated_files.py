from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_generated_files_are_current(repository: Path) -> None:
    command = [sys.executable, "scripts/generate.py", "--check"]
    report = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert report.returncode == 0, report.stderr
