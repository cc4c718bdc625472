from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairloom.errors import DataFormatError
from pairloom.training.checkpoint_folder import CheckpointFolder


def write(folder: Path, *steps: int) -> CheckpointFolder:
    checkpoints = CheckpointFolder(folder)
    checkpoints.newest()
    for step in steps:
        checkpoints.write({"step": step}, [("weights", np.full(3, step, dtype=np.float32))])
    return checkpoints


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def damage(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[30] ^= 1
    (folder / name).write_bytes(content)


def step_of(folder: Path) -> Any:
    newest = CheckpointFolder(folder).newest()
    return newest.content["step"] if newest else None


def test_the_newest_is_read_and_the_last_two_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    assert step_of(folder) is None
    write(folder, 10, 20, 30)
    assert names(folder) == ["checkpoint-00000002", "checkpoint-00000003"]
    assert step_of(folder) == 30


def test_a_damaged_newest_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, 10, 20)
    damage(tmp_path, "checkpoint-00000002")
    with pytest.warns(
        UserWarning, match="checkpoint-00000002: .*going on from checkpoint-00000001"
    ):
        assert step_of(tmp_path) == 10


@pytest.mark.filterwarnings("ignore:.*going on from")
def test_a_damaged_one_never_takes_the_place_of_a_whole_one(tmp_path: Path) -> None:
    write(tmp_path, 10, 20)
    damage(tmp_path, "checkpoint-00000002")
    write(tmp_path, 30)
    assert names(tmp_path) == ["checkpoint-00000001", "checkpoint-00000003"]
    assert step_of(tmp_path) == 30


def test_only_damaged_ones_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 10, 20)
    damage(tmp_path, "checkpoint-00000001")
    damage(tmp_path, "checkpoint-00000002")
    with pytest.raises(DataFormatError, match=r"checkpoint-00000002: .*checkpoint-00000001: "):
        CheckpointFolder(tmp_path).newest()


def test_a_half_written_one_and_files_of_others_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, 10)
    (tmp_path / "checkpoint.partial").write_bytes(b"half")
    (tmp_path / "checkpoint-1.bak").write_bytes(b"mine")
    assert step_of(tmp_path) == 10
    write(tmp_path, 20, 30)
    assert names(tmp_path) == [
        "checkpoint-00000002",
        "checkpoint-00000003",
        "checkpoint-1.bak",
    ]
