"""`pairloom keys`: the key pair of API and object store."""

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
        "keys",
        parents=[shared],
        help="show the platform's key pair, made when there is none",
        description="Show the one key pair that clients sign with, made when there is none.",
    )
    add_folder_option(parser)
    parser.add_argument(
        "--replace", action="store_true", help="make a new pair; the platform must not run"
    )
    parser.set_defaults(run=_keys)


def _keys(arguments: argparse.Namespace) -> None:
    require_platform()
    from pairloom.platform.supervisor.key_file import platform_keys  # noqa: PLC0415  heavy

    keys = platform_keys(arguments.dir, replace=arguments.replace)
    print(f"AWS_ACCESS_KEY_ID={keys.access_key_id}")
    print(f"AWS_SECRET_ACCESS_KEY={keys.secret_access_key}")
