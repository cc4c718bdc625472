"""Becomes a command that ends when the process that started it does.

A program of its own, `python tether.py PARENT COMMAND...`, on the standard library alone. On Linux
the kernel sends SIGTERM at the parent's death, however it died; elsewhere the command is only run,
and whoever starts the platform next ends what was left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Run the command in place of this process."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit(1)  # it died before the kernel was asked
    try:
        os.execvp(command[0], command)  # noqa: S606  the supervisor's own list
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
