"""`pairloom down`: end the platform."""

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
        "down",
        parents=[shared],
        help="end the platform",
        description="End the platform of a folder with all its processes; what it keeps stays.",
    )
    add_folder_option(parser)
    parser.set_defaults(run=_down)


def _down(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.supervisor.control import end_platform  # noqa: PLC0415  heavy

    ended = end_platform(arguments.dir)
    print("ended" if ended else f"no platform runs in {arguments.dir}")
