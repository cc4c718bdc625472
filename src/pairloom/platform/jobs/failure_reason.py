"""Why a job failed, in the words of FailureReason."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from pairloom.container.failure import explain
from pairloom.container.job_folder import JobFolder
from pairloom.errors import PairloomError
from pairloom.platform.jobs.job_control import LetGoError

MOST_CHARACTERS = 1024


def reason_of_error(error: Exception) -> str:
    """Say what went wrong in the runner: by whom it can be mended, where, and what to do."""
    return explain(error)[0][:MOST_CHARACTERS]


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Let what is wrong with an address of the request name the field that it came from."""
    try:
        yield
    except LetGoError:
        raise
    except PairloomError as error:
        raise type(error)(f"{field}: {error}") from error


def reason_of_exit(folder: JobFolder, exit_code: int, program: str = "train program") -> str:
    """Say why a job's program ended so: in its own words, where it left any."""
    try:
        with folder.failure.open(encoding="utf-8", errors="backslashreplace") as file:
            told = file.read(MOST_CHARACTERS).strip()
    except OSError:
        told = ""
    if told:
        return told
    if exit_code > 0 and shutil.disk_usage(folder.root).free < MOST_CHARACTERS:
        return (
            f"InternalServerError: the disk is full: the {program} ended and could not even write "
            f"why to {folder.failure}; free space and try again"
        )
    if exit_code == -signal.SIGKILL:
        return (
            f"InternalServerError: the {program} was killed (SIGKILL), as happens when memory is "
            "short; free memory, or give it fewer rows at once"
        )
    if exit_code < 0:
        return f"AlgorithmError: the {program} was ended by {signal.Signals(-exit_code).name}"
    return f"AlgorithmError: the {program} ended with exit code {exit_code} and no reason"
