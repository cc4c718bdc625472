"""The program itself: choose the command, run it, turn what went wrong into one line and a code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from pairloom._core import simd_name
from pairloom.cli import (
    container,
    convert,
    down,
    env,
    evaluate,
    export,
    inspect,
    keys,
    predict,
    report,
    run,
    samples,
    status,
    train,
    transform,
    up,
)
from pairloom.cli.arguments import CommandParser, shared_options
from pairloom.errors import PairloomError, UserError

OUR_FAULT = 1
USER_ERROR = 2
INTERRUPTED = 130

LIBRARY = (convert, train, evaluate, predict, transform, inspect, report, export, container)
PLATFORM = (up, down, status, keys, env, run, samples)
COMMANDS = (*LIBRARY, *PLATFORM)
# What the operating system says when a path or a permission is wrong, not the machine.
WRONG_PATH = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0, 1 (ours), 2 (the user's), 130 or 143."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            parsed = parse(given)
            with _logged(quiet=parsed.quiet):
                code: int | None = parsed.run(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _leave_closed_pipe(given)
    except Exception as error:  # noqa: BLE001  the last place that can still name it in one line
        if "--debug" in given:
            traceback.print_exc()
        return _report(*_explained(error))
    return code or 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line, with the command's function as `run`."""
    shared = shared_options()
    parser = CommandParser(
        prog="pairloom",
        description="Factorization machines, fast and reproducible, in SageMaker's formats.",
        parents=[shared],
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"pairloom {version('pairloom')}, {simd_name('auto')}",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands, shared)
    parsed, unknown = parser.parse_known_args(
        arguments, argparse.Namespace(quiet=False, debug=False)
    )
    commands.choices[parsed.command].refuse(unknown)
    return parsed


def _explained(error: Exception) -> tuple[str, int]:
    if isinstance(error, UserError):
        return str(error), USER_ERROR
    if isinstance(error, PairloomError):
        return str(error), OUR_FAULT
    if isinstance(error, MemoryError):
        return f"out of memory: {error}", OUR_FAULT
    if isinstance(error, OSError):
        code = USER_ERROR if isinstance(error, (*WRONG_PATH, PermissionError)) else OUR_FAULT
        return f"{error.filename}: {error.strerror}" if error.filename else str(error), code
    name = type(error).__name__
    return f"unexpected {name}: {error}; --debug shows where", OUR_FAULT


def _report(message: str, code: int) -> int:
    line = "; ".join(part.strip() for part in message.splitlines() if part.strip())
    print(f"pairloom: {line}", file=sys.stderr)
    return code


@contextmanager
def _logged(*, quiet: bool) -> Iterator[None]:
    # A library says what it chose to its logger; a program says it to its user.
    logger = logging.getLogger("pairloom")
    handler = logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"pairloom: warning: {message}", file=sys.stderr)


def _leave_closed_pipe(command: Sequence[str]) -> int:
    # Whoever read our output has gone, as in `pairloom predict ... | head`; the interpreter must
    # not fail again when it flushes its streams at exit. Training was then cut short.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return OUR_FAULT if "train" in command else 0
