"""The programs on the pages about models run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("page", "lines"), [("artifacts.md", 1), ("explaining.md", 8)])
def test_programs_of_the_page_run(repository: Path, tmp_path: Path, page: str, lines: int) -> None:
    text = (repository / "docs" / page).read_text(encoding="utf-8")
    program = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert len(run.stdout.splitlines()) == lines
