"""The numbered steps of a notebook: what its headings `## 7. Title` part its cells into."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().with_name("factorization_machines_mnist.ipynb")

_HEADING = re.compile(r"^## (?P<number>\d+)\. (?P<title>.+)$", re.MULTILINE)
_MAGIC = re.compile(r"^%\w.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One step and its cells of code, without the commands that only a notebook knows."""

    number: int
    title: str
    cells: list[str]


def read_steps(notebook: Path) -> list[Step]:
    """Return the steps of a notebook in order."""
    steps: list[Step] = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            steps[-1].cells.append(_MAGIC.sub("", source))
        elif heading := _HEADING.search(source):
            steps.append(Step(int(heading["number"]), heading["title"], []))
    return steps


def step_line(step: Step, seconds: float, remark: str = "") -> str:
    """Return a line that says how long a step took."""
    return f"{step.number:>2}  {step.title:<40}{seconds:>7.1f} s  {remark}".rstrip()
