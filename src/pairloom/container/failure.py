"""How a failed job says why: by whom it can be mended, where, and what to do."""

from __future__ import annotations

import logging

from pairloom.container.job_folder import JobFolder
from pairloom.errors import AlgorithmError, PairloomError, UserError
from pairloom.formats.full_disk import full_disk_reason, is_full_disk

_LOGGER = logging.getLogger("pairloom")

CLIENT_ERROR = 2
OUR_ERROR = 1

# What the operating system says when something it was given is wrong, not the machine.
_WRONG_INPUT = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)


def explain(error: Exception) -> tuple[str, int]:
    """Return what went wrong in one line that begins with its kind, and the exit code."""
    kind, code = "InternalServerError", OUR_ERROR
    if isinstance(error, (UserError, *_WRONG_INPUT)):
        kind, code = "ClientError", CLIENT_ERROR
    elif isinstance(error, AlgorithmError):
        kind = "AlgorithmError"
    return f"{kind}: {_one_line(_reason(error))}", code


def fail(folder: JobFolder, error: Exception) -> int:
    """Log why a job failed, leave it for the service, and return the exit code."""
    reason, code = explain(error)
    expected = isinstance(error, PairloomError) or is_full_disk(error)
    unexpected = code == OUR_ERROR and not expected
    _LOGGER.error("%s", reason, exc_info=error if unexpected else None)
    try:
        write_failure(folder, reason)
    except OSError as also:
        _LOGGER.error("%s cannot be written: %s", folder.failure, also.strerror)  # noqa: TRY400
    return code


def write_failure(folder: JobFolder, reason: str) -> None:
    """Write the file whose first 1024 characters the service shows."""
    folder.failure.parent.mkdir(parents=True, exist_ok=True)
    folder.failure.write_text(f"{reason}\n", encoding="utf-8", errors="backslashreplace")


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"out of memory: {error}".rstrip(": ")
    if isinstance(error, OSError) and is_full_disk(error):
        return full_disk_reason(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    named = str(error) or "no more is known"
    if type(error).__module__.startswith("pairloom") or isinstance(error, OSError):
        return named
    return f"unexpected {type(error).__name__}: {named}; the log shows where"


def _one_line(message: str) -> str:
    return "; ".join(part.strip() for part in message.splitlines() if part.strip())
