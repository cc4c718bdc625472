"""`pairloom env`: the variables that bring clients to the platform."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.cli.platform_options import add_folder_option, require_platform

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "env",
        parents=[shared],
        help="print what a shell needs to reach the platform",
        description='Print exports for a shell: eval "$(pairloom env)". They hold the secret key.',
    )
    add_folder_option(parser)
    parser.set_defaults(run=_env)


def _env(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.environment import client_environment  # noqa: PLC0415  heavy
    from pairloom.platform.supervisor.control import running_platform  # noqa: PLC0415

    settings, state = running_platform(arguments.dir)
    environment = client_environment(settings, state.proxy_port)
    for name in environment.removed:
        print(f"unset {name}")
    for name, value in environment.variables.items():
        print(f"export {name}={shlex.quote(value)}")
