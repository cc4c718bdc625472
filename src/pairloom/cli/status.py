"""`pairloom status`: what of the platform runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pairloom.cli.arguments import CommandParser
from pairloom.cli.platform_options import add_folder_option, require_platform

if TYPE_CHECKING:
    from pairloom.cli.arguments import Commands


def add_to(commands: Commands, shared: CommandParser) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "status",
        parents=[shared],
        help="show what of the platform runs",
        description="Show the platform's addresses and processes. Ends with 2 when none runs.",
    )
    add_folder_option(parser)
    parser.set_defaults(run=_status)


def _status(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.supervisor.control import running_platform  # noqa: PLC0415  heavy

    settings, state = running_platform(arguments.dir)
    print(f"{'ready' if state.ready else 'starting'} in {settings.folder}")
    print(f"  API           {settings.api_endpoint}")
    print(f"  object store  {settings.s3_endpoint}")
    print(f"  region        {settings.region}")
    print(f"  supervisor    process {state.supervisor.pid}")
    for name, process in state.processes.items():
        running = f"process {process.pid}" if process.pid else "starting again"
        replaced = f", started again {process.num_restarts} times" if process.num_restarts else ""
        print(f"  {name:<13} {running}{replaced}")
