"""Archives of results."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from pairloom.platform.jobs.archive import write_archive


def test_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for number in range(2):
        folder = tmp_path / str(number)
        (folder / "deep").mkdir(parents=True)
        for name in ("b", "deep/a") if number else ("deep/a", "b"):
            (folder / name).write_text(name)
            os.utime(folder / name, (number, number))
        archive = tmp_path / f"{number}.tar.gz"
        write_archive(folder, archive)
        written.append(archive.read_bytes())
    assert written[0] == written[1]
    with tarfile.open(tmp_path / "0.tar.gz") as packed:
        assert packed.getnames() == ["b", "deep/a"]


def test_link_out_of_the_folder_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model_algo-1").write_text("model")
    (folder / "link").symlink_to("/etc/hostname")
    write_archive(folder, tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert archive.getnames() == ["model_algo-1"]
