"""The README's promise, kept by running it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def test_library_example_runs_and_judges_nearly_all_images(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (repository / "README.md").read_text(), re.S)
    exec(compile(example, "README.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[0]) > 0.95
