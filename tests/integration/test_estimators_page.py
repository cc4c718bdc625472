from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pairloom.estimators.declared import CLASS_WEIGHT, OWN_PARAMETERS


def test_example_of_the_page_runs_and_learns(repository: Path) -> None:
    page = (repository / "docs/estimators.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert float(run.stdout.rsplit(":", 1)[1]) > 0.95


def test_page_names_every_parameter_that_is_not_sagemakers(repository: Path) -> None:
    page = (repository / "docs/estimators.md").read_text(encoding="utf-8")
    for parameter in (*OWN_PARAMETERS, CLASS_WEIGHT):
        assert f"| `{parameter.name}` |" in page
        if parameter.name != "class_weight":
            line = next(x for x in page.splitlines() if x.startswith(f"| `{parameter.name}` |"))
            shown = repr(parameter.default).replace("'", '"')
            assert f"| `{shown}` |" in line
