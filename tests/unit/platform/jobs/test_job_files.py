"""What a runner keeps of a job between attempts, and what it must not use again."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.platform.jobs.job_files import Ending, JobFiles


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    """Return the files of a job whose first attempt got as far as its end."""
    files = JobFiles(tmp_path / "job")
    files.begin_download()
    files.lock.parent.mkdir()
    files.lock.touch()
    files.take(1)
    (files.job.input_data / "rows").touch()
    files.note_interruptions(3)
    files.note_download()
    files.note_ending(Ending(0, "itself", 1.0))
    return files


def test_next_attempt_in_the_same_folder_goes_on(files: JobFiles) -> None:
    again = JobFiles(files.root)
    again.take(2)
    assert not again.were_left_behind
    assert again.is_downloaded
    assert again.ending == Ending(0, "itself", 1.0)


def test_files_that_another_attempt_has_overtaken_are_not_used(files: JobFiles) -> None:
    again = JobFiles(files.root)
    again.take(3)
    assert again.were_left_behind
    assert not again.is_downloaded
    assert again.ending is None
    assert not files.job.input_data.exists()
    assert again.interruptions == 3
    assert again.lock.exists()


def test_later_attempt_in_a_new_folder_starts_anew(tmp_path: Path) -> None:
    files = JobFiles(tmp_path / "job")
    files.lock.parent.mkdir(parents=True)
    files.take(2)
    assert files.were_left_behind
    again = JobFiles(files.root)
    again.take(3)
    assert not again.were_left_behind


def test_first_attempt_is_no_new_beginning(tmp_path: Path) -> None:
    files = JobFiles(tmp_path / "job")
    files.lock.parent.mkdir(parents=True)
    files.take(1)
    assert not files.were_left_behind
