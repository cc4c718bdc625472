"""`pairloom run`: a script, a notebook or a command as a client of the platform."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.cli.platform_options import add_folder_option, require_platform

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "run",
        parents=[shared],
        help="run a script, notebook or command against the platform",
        description="Run FILE.py, FILE.ipynb or a command with boto3, the SageMaker SDK and other "
        "clients of AWS brought to the platform. Its exit code is the program's.",
    )
    add_folder_option(parser)
    parser.add_argument("program", metavar="FILE.py|FILE.ipynb|COMMAND", help="what to run")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="its own arguments"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.client_command import client_command  # noqa: PLC0415  heavy
    from pairloom.platform.environment import client_environment  # noqa: PLC0415
    from pairloom.platform.supervisor.control import running_platform  # noqa: PLC0415

    command = client_command(arguments.program, arguments.arguments)
    settings, state = running_platform(arguments.dir)
    environment = client_environment(settings, state.proxy_port)
    sys.stdout.flush()
    os.execve(command[0], command, environment.applied_to(os.environ))  # noqa: S606
