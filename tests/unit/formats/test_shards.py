"""Which files a folder stands for: none that is meant to be there is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairloom.errors import DataError
from pairloom.formats.shards import list_shards

NOBODY = 65534


def names(folder: Path) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in list_shards(folder)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("a-1", "a/2", "a/.hidden", "_SUCCESS", ".cache/3", "b/_temporary/4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_shards_come_in_the_order_of_their_paths_without_hidden_ones(folder: Path) -> None:
    assert names(folder) == ["a-1", "a/2"]


def test_links_to_files_and_folders_are_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "5").touch()
    (folder / "linked").symlink_to(elsewhere)
    (folder / "one").symlink_to(elsewhere / "deep" / "5")
    assert names(folder) == ["a-1", "a/2", "linked/deep/5", "one"]


def test_a_link_back_to_a_folder_above_ends(folder: Path) -> None:
    (folder / "a" / "up").symlink_to(folder)
    assert names(folder) == ["a-1", "a/2"]


@pytest.mark.parametrize("target", ["nowhere", "broken"])
def test_a_link_to_nothing_is_named(target: str, folder: Path) -> None:
    (folder / "a" / "broken").symlink_to(target)
    with pytest.raises(DataError, match=r"data/a/broken: neither a file nor a folder"):
        list_shards(folder)


def test_what_is_no_file_is_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(DataError, match=r"data/pipe: neither a file nor a folder"):
        list_shards(folder)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Whoever may read everything does without that."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


def test_a_folder_that_may_not_be_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(folder)
    (folder / "a").chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(PermissionError, match=r"Permission denied: 'a'"):
        list_shards(Path())
