"""The notebook of SageMaker's introduction, made from the script that holds the same cells."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from generators.seed_notebook import cells_of

SCRIPT = """\
# %% [markdown]
# # Title
#
# Words.

# %%
# %matplotlib inline
import io  # a comment

def plus(one):
    return one + 1

# %%
print(io, plus)
"""


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "examples" / "seed_notebook"


@pytest.fixture(scope="module")
def cells(folder: Path) -> list[dict[str, Any]]:
    notebook = json.loads((folder / "factorization_machines_mnist.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    found: list[dict[str, Any]] = notebook["cells"]
    return found


def test_cells_are_those_of_the_script() -> None:
    text, first, second = cells_of(SCRIPT)

    assert (text["cell_type"], "".join(text["source"])) == ("markdown", "# Title\n\nWords.")
    assert first["cell_type"] == second["cell_type"] == "code"
    assert "".join(first["source"]) == (
        "%matplotlib inline\nimport io  # a comment\n\ndef plus(one):\n    return one + 1"
    )
    assert "".join(second["source"]) == "print(io, plus)"


def test_notebook_and_script_hold_the_same_code(folder: Path, cells: list[dict[str, Any]]) -> None:
    script = ast.parse((folder / "factorization_machines_mnist.py").read_text())
    code = [
        "".join(cell["source"]).replace("%matplotlib", "# %matplotlib")
        for cell in cells
        if cell["cell_type"] == "code"
    ]

    assert ast.dump(ast.parse("\n".join(code))) == ast.dump(script)


def test_notebook_keeps_no_outputs(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_headings_are_the_twelve_steps(cells: list[dict[str, Any]]) -> None:
    lines = [line for cell in cells for line in cell["source"] if line.startswith("## ")]

    assert [int(line.split()[1].rstrip(".")) for line in lines] == list(range(1, 13))
