"""A script, a notebook or a command as a client of a platform: the command line that runs it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pairloom.errors import UserError


def client_command(program: str, arguments: Sequence[str]) -> list[str]:
    """Return what to run.

    Parameters
    ----------
    program
        A script of Python, a notebook (run by nbconvert, its results written beside it), or the
        name of a command.
    arguments
        Handed on.

    Raises
    ------
    UserError
        There is no such file or command, or nothing that runs notebooks.
    """
    suffix = Path(program).suffix
    if suffix in {".py", ".ipynb"} and not Path(program).is_file():
        raise UserError(f"{program}: not there")
    if suffix == ".py":
        return [sys.executable, program, *arguments]
    if suffix == ".ipynb":
        return [*_nbconvert(program), "--to", "notebook", "--execute", program, *arguments]
    found = shutil.which(program)
    if not found:
        raise UserError(f"{program}: no command of that name, nor a .py or .ipynb file")
    return [found, *arguments]


def _nbconvert(notebook: str) -> list[str]:
    if find_spec("nbconvert") and find_spec("ipykernel"):
        return [sys.executable, "-m", "nbconvert"]
    jupyter = shutil.which("jupyter")
    if not jupyter:
        raise UserError(
            f"{notebook}: running a notebook needs nbconvert and ipykernel; install them with "
            "`pip install 'pairloom[notebook]'`"
        )
    return [jupyter, "nbconvert"]
