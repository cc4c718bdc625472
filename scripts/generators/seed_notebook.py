"""The notebook of examples/seed_notebook, made from the script that holds the same cells.

A line `# %%` begins a cell of code and `# %% [markdown]` one of text, whose lines are comments.
A line that begins with `# %` and a name is a magic command, which a script cannot hold otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path("examples/seed_notebook")
SCRIPT = FOLDER / "factorization_machines_mnist.py"
PATH = SCRIPT.with_suffix(".ipynb").as_posix()

_ROOT = Path(__file__).resolve().parents[2]
_CELL = re.compile(r"^# %%(?P<text> \[markdown\])?\n(?P<lines>(?s:.*?))(?=^# %%|\Z)", re.MULTILINE)
_MAGIC = re.compile(r"^# (%\w)", re.MULTILINE)
_COMMENT = re.compile(r"^# ?", re.MULTILINE)
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def render() -> str:
    """Return the notebook's text."""
    cells = list(cells_of((_ROOT / SCRIPT).read_text(encoding="utf-8")))
    notebook = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def cells_of(script: str) -> Iterator[dict[str, Any]]:
    """Return the cells of a script as a notebook holds them."""
    for number, found in enumerate(_CELL.finditer(script)):
        lines = found["lines"].strip("\n")
        identity = f"cell-{number:02}"
        if found["text"]:
            source = _COMMENT.sub("", lines)
            yield {"cell_type": "markdown", "id": identity, "metadata": {}, "source": _kept(source)}
        else:
            yield {
                "cell_type": "code",
                "execution_count": None,
                "id": identity,
                "metadata": {},
                "outputs": [],
                "source": _kept(_MAGIC.sub(r"\1", lines)),
            }


def _kept(source: str) -> list[str]:
    return source.splitlines(keepends=True)
