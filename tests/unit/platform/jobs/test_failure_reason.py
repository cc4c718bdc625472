"""Why a job failed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pairloom.container.job_folder import JobFolder
from pairloom.errors import PlatformError, UserError
from pairloom.platform.jobs.channel_download import refuse_beyond_volume
from pairloom.platform.jobs.disk_space import refuse_full_disk
from pairloom.platform.jobs.failure_reason import reason_of_error, reason_of_exit


def test_full_disk_is_named() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/jobs/a/input")
    reason = reason_of_error(error)
    assert reason.startswith(
        "InternalServerError: the disk is full at /jobs/a/input: No space left"
    )


def test_first_1024_characters_of_the_programs_own_reason_count(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.make_clean()
    folder.failure.write_text("ClientError: " + "x" * 2000)
    assert reason_of_exit(folder, 2) == "ClientError: " + "x" * 1011


def test_exit_without_a_reason_is_told_by_code_or_signal(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    assert "exit code 3" in reason_of_exit(folder, 3)
    assert "SIGSEGV" in reason_of_exit(folder, -11)
    assert "memory" in reason_of_exit(folder, -9)


def test_input_that_fits_neither_volume_nor_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ResourceConfig\.VolumeSizeInGB, 1, is too small"):
        refuse_beyond_volume((1 << 30) + 1, 1)
    refuse_beyond_volume(1 << 30, 1)
    with pytest.raises(PlatformError, match="the disk is full: the input needs"):
        refuse_full_disk(1 << 60, tmp_path, "the input")
    refuse_full_disk(1 << 10, tmp_path, "the input")
