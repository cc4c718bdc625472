from __future__ import annotations

from pathlib import Path

MAX_LINES = 400
SOURCE_SUFFIXES = {".py", ".cc", ".h"}


def test_no_source_file_is_longer_than_400_lines(project_files: tuple[Path, ...]) -> None:
    sources = [file for file in project_files if file.suffix in SOURCE_SUFFIXES]
    lengths = {str(file): len(file.read_bytes().splitlines()) for file in sources}
    assert lengths, "no source files found"
    assert {file: lines for file, lines in lengths.items() if lines > MAX_LINES} == {}
