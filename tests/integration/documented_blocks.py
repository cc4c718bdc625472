"""The pages of the documentation as blocks of programs and of what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>.*)\n(?P<text>(?s:.*?))^```$",
    re.MULTILINE,
)
PROGRAMS = {"python", "console"}


@dataclass(frozen=True)
class Block:
    """One fence of a page."""

    language: str
    text: str
    line: int
    reason_not_to_run: str | None


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            found["language"],
            found["text"],
            text[: found.start("text")].count("\n"),
            found["reason"],
        )
        for found in FENCE.finditer(text)
    ]


def programs_of(page: Path) -> list[Block]:
    return [block for block in blocks_of(page) if block.language in PROGRAMS]


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Give each command with the lines below it."""
    start, *parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not start, f"line {block.line}: a console block begins with '$ '"
    for part in parts:
        command, _, shown = part.partition("\n")
        yield command, shown
