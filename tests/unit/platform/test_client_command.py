"""What `pairloom run` makes of its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pairloom.errors import UserError
from pairloom.platform.client_command import client_command


def test_script_is_run_by_this_python(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.touch()

    assert client_command(str(script), ["--x"]) == [sys.executable, str(script), "--x"]


def test_command_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "client"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert client_command("client", ["a", "--b"]) == [str(program), "a", "--b"]


def test_notebook_is_run_by_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = tmp_path / "client.ipynb"
    notebook.touch()
    monkeypatch.setattr("pairloom.platform.client_command.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"pip install 'pairloom\[notebook\]'"):
        client_command(str(notebook), [])

    jupyter = tmp_path / "jupyter"
    jupyter.write_text("#!/bin/sh\n")
    jupyter.chmod(0o755)
    command = client_command(str(notebook), ["--allow-errors"])
    assert command[:2] == [str(jupyter), "nbconvert"]
    assert command[-2:] == [str(notebook), "--allow-errors"]


@pytest.mark.parametrize("program", ["none.py", "none.ipynb", "no-such-command"])
def test_what_is_not_there_is_named(program: str) -> None:
    with pytest.raises(UserError, match=program):
        client_command(program, [])
