from __future__ import annotations

from pathlib import Path

SAYS_NOTHING = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}


def test_no_module_or_folder_has_a_name_that_says_nothing(
    repository: Path, project_files: tuple[Path, ...]
) -> None:
    names = {
        file.relative_to(repository): {part.split(".")[0] for part in _parts(file, repository)}
        for file in project_files
    }
    assert names, "no files found"
    assert [file for file, parts in names.items() if parts & SAYS_NOTHING] == []


def _parts(file: Path, repository: Path) -> tuple[str, ...]:
    return file.relative_to(repository).parts
