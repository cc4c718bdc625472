"""Runs one command for a parent process, and lets nothing of it outlive that parent.

A program of its own, `python guard.py DESCRIPTOR COMMAND...`, which loads the standard library
alone. On its standard input it hears `t` (let the command's group end), `k` (kill it) and the end
of the input, which comes when the parent is gone, however it went; that kills as well. It ends as
the command ended, by exit code or by signal, once the whole group has.

The descriptor stays open in the command, so that a lock on it is held as long as anything runs.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys

_TERMINATE = b"t"
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the command to its end; returns its exit code, or ends by the signal that ended it."""
    heard, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    command = subprocess.Popen(  # noqa: S603  the parent's own command, as a list
        arguments[1:],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(int(arguments[0]),),
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  one thread
    )
    _obey_until_end(command, heard)
    _signal_group(command, signal.SIGKILL)  # what the command may have left behind
    if command.returncode < 0:
        signal.signal(-command.returncode, signal.SIG_DFL) if _may_be_set(command) else None
        os.kill(os.getpid(), -command.returncode)
    return command.returncode


def _obey_until_end(command: subprocess.Popen[bytes], heard: int) -> None:
    orders = [sys.stdin.fileno()]
    while command.poll() is None:
        ready, _, _ = select.select([*orders, heard], [], [], 1.0)
        if heard in ready:
            os.read(heard, 64)
        if orders and orders[0] in ready:
            order = os.read(orders[0], 1)
            _signal_group(command, signal.SIGTERM if order == _TERMINATE else signal.SIGKILL)
            if not order:
                orders.clear()


def _signal_group(command: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(command.pid, number)


def _may_be_set(command: subprocess.Popen[bytes]) -> bool:
    return -command.returncode not in (signal.SIGKILL, signal.SIGSTOP)


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when the guard is killed itself."""
    import ctypes  # noqa: PLC0415  only where it is used

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
