"""A file that is written beside its place appears only when it is complete."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pairloom.formats.complete_file import written_beside


def test_file_takes_its_name_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    target.write_text("old")

    with written_beside(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"

    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["scores.jsonl"]


def test_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    target.write_text("old")

    with pytest.raises(ZeroDivisionError), written_beside(target) as partial:
        partial.write_text(str(1 / 0))

    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["scores.jsonl"]


def test_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()

    with written_beside(pipe) as partial:
        partial.write_text("lines")
    reader.join(timeout=10)

    assert read == ["lines"]
    assert pipe.is_fifo()


def test_file_and_then_its_folder_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, list[str]]] = []
    fsync = os.fsync

    def recording_fsync(descriptor: int) -> None:
        fsync(descriptor)
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced.append((name, sorted(path.name for path in tmp_path.glob("[!.]*"))))

    monkeypatch.setattr(os, "fsync", recording_fsync)
    with written_beside(tmp_path / "model") as partial:
        partial.write_text("new")

    assert synced == [("model", []), (tmp_path.name, ["model"])]
