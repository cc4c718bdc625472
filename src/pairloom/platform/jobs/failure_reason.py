"""Why a job failed, in the words of DescribeTrainingJob."""

from __future__ import annotations

import errno
import signal

from pairloom.container.failure import explain
from pairloom.container.job_folder import JobFolder

MOST_CHARACTERS = 1024


def reason_of_error(error: Exception) -> str:
    """Say what went wrong in the runner: by whom it can be mended, where, and what to do."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = f" at {error.filename}" if error.filename else ""
        return f"InternalServerError: the platform's disk is full{place}; free space and try again"
    return explain(error)[0][:MOST_CHARACTERS]


def reason_of_exit(folder: JobFolder, exit_code: int) -> str:
    """Say why the train program ended so: in its own words, where it left any."""
    try:
        with folder.failure.open(encoding="utf-8", errors="backslashreplace") as file:
            told = file.read(MOST_CHARACTERS).strip()
    except OSError:
        told = ""
    if told:
        return told
    if exit_code == -signal.SIGKILL:
        return (
            "InternalServerError: the train program was killed (SIGKILL), as happens when memory "
            "is short; free memory, or train on fewer rows at once"
        )
    if exit_code < 0:
        return f"AlgorithmError: the train program was ended by {signal.Signals(-exit_code).name}"
    return f"AlgorithmError: the train program ended with exit code {exit_code} and no reason"
