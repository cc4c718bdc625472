"""docs/command-line.md names commands, options and files that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pairloom.cli.program import COMMANDS, parse


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs/command-line.md").read_text(encoding="utf-8")


def test_command_lines_of_the_page_are_understood(page: str) -> None:
    lines = re.findall(r"^\$ pairloom (.*)$", page, re.MULTILINE)

    assert {parse(shlex.split(line)).command for line in lines} == {
        command.__name__.rpartition(".")[2] for command in COMMANDS
    }


def test_options_of_the_page_exist(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = [command.__name__.rpartition(".")[2] for command in COMMANDS]
    for words in [*([name] for name in names), ["container", "train"]]:
        with pytest.raises(SystemExit):
            parse([*words, "--help"])
    helps = capsys.readouterr().out

    named = set(re.findall(r"--[a-z][a-z-]+", page))
    assert len(named) > 10
    assert {option for option in named if option not in helps} == set()
